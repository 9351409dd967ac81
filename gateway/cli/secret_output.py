"""Handing out a new secret: printed before it is stored, so that none is ever live that nobody has.

A pipe whose reader is gone, or a terminal that takes nothing, undoes the whole change: the old secret stays the one.
Once it is printed, Ctrl-C in the wait that follows loses nothing.
"""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import select
import sys
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from gateway.cli.effect import effect_words
from gateway.cli.failure import Failure
from gateway.cli.output import note, show_json
from gateway.cli.times import exact, relative

if TYPE_CHECKING:
    from gateway.auth.tokens import Minted


def handing_out(brand: str, *, as_json: bool) -> "Callable[[Minted], None]":
    """What prints a new token: it alone on stdout, so that `T=$(...)` works, or as one JSON object.

    Nothing about time is in that object, since it stands before the change: `say_made` tells it on stderr.
    """

    def hand_out(minted: "Minted") -> None:
        from gateway.cli import token_output

        _refuse_deaf_stdout()
        if not as_json:
            typer.echo(minted.whole.reveal())
            return
        made = {"token": minted.whole.reveal()} | token_output.token_document(minted.token, minted.owner, brand)
        if minted.old_ends_at is not None:
            made |= {"old_secret_ends_at": minted.old_ends_at, "until_used": minted.until_used}
        show_json(made)

    return hand_out


def say_made(minted: "Minted", brand: str, *, as_json: bool) -> None:
    """Say what was made, and how long it took until the old secret was dead."""
    from gateway.cli import token_output
    from gateway.cli.desk import now
    from gateway.core.token import handle

    token, at = minted.token, now()
    named = handle(brand, token.kind, token.id)
    if not as_json:
        expires = token_output.expires_cell(token, at)
        ends = "never expires" if token.expires_at is None else f"expires {expires} ({exact(token.expires_at)})"
        scopes = ", ".join(sorted(token.scopes)) or "none"
        note(f"{named} {token.name!r} of {minted.owner.login}: scopes {scopes}; {ends}.")
    if minted.old_ends_at is not None:
        words = secret_words(minted.old_ends_at, at, until_used=minted.until_used)
        note(f"Its old secret {words}{effect_words(minted.effect)}.")
    if not as_json:
        note("This is the only time that the token is shown.")


def secret_words(ends_at: datetime | None, at: datetime, *, until_used: bool) -> str:
    """How long a secret works."""
    if ends_at is None:
        return "current"
    if ends_at <= at:
        return "ended"
    return f"ends {'with the first use of the new one, at the latest ' if until_used else ''}{relative(ends_at, at)}"


def _refuse_deaf_stdout() -> None:
    """Refused when stdout would take nothing now: nobody else can write while the change is open."""
    if not _takes_text():
        raise Failure("stdout takes nothing now, and the new secret stands nowhere else", "nothing was changed")


def _takes_text() -> bool:
    if sys.stdout is None:  # it was closed before we began
        return False
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return True  # no file of the system
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    events = dict(poll.poll(0)).get(descriptor, 0)
    return bool(events & select.POLLOUT) and not events & (select.POLLERR | select.POLLHUP | select.POLLNVAL)
