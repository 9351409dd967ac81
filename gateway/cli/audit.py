"""`token-gateway audit`: who did what to which token, from where; and the proof that nobody rewrote it."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gateway.cli.audit_output import cells
from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json, show_table
from gateway.cli.times import exact, past

if TYPE_CHECKING:
    from datetime import datetime


BROKEN = 1
DEFAULT_LIMIT = 50

audit_app = typer.Typer(help="The audit log: list, export, verify, prune.", no_args_is_help=True, rich_markup_mode=None)
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="WHEN", help="From then on: 7d (ago), 2026-10-01, or an instant.", show_default=False
    ),
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--until", metavar="WHEN", help="Up to then: 1h (ago), 2026-10-31 (all of it), an instant.", show_default=False
    ),
]


@audit_app.command("list")
def list_rows(
    *,
    actor: Annotated[
        str | None, typer.Option("--actor", help="cli:NAME, gateway, or the login of an owner.", show_default=False)
    ] = None,
    action: Annotated[
        str | None, typer.Option("--action", help="What was done, such as token_revoked.", show_default=False)
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="HANDLE", help="About this token.", show_default=False)
    ] = None,
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="LOGIN", help="About this user and the user's tokens.", show_default=False),
    ] = None,
    app: Annotated[
        str | None,
        typer.Option("--app", metavar="NAME", help="About this application and its tokens.", show_default=False),
    ] = None,
    address: Annotated[str | None, typer.Option("--address", help="From this address.", show_default=False)] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Checks that were refused for this reason.", show_default=False)
    ] = None,
    route: Annotated[
        str | None, typer.Option("--route", help="Checks that this route refused.", show_default=False)
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    below: Annotated[
        int | None,
        typer.Option("--below", metavar="NUMBER", help="Only rows with smaller numbers.", min=1, show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="How many rows.", min=1, max=1000)] = DEFAULT_LIMIT,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what happened, the newest first.

    \b
    Examples:
      token-gateway audit list --since 7d
      token-gateway audit list --user alice --action token_revoked
      token-gateway audit list --token tgp_0123456789a --json
    """
    from gateway.auth.audit import list_audit
    from gateway.cli.desk import at_desk, operating
    from gateway.core.owner import OwnerKind

    if user is not None and app is not None:
        raise Failure("both --user and --app", "name one owner")
    kind = OwnerKind.USER if user is not None else OwnerKind.APPLICATION if app is not None else None
    begin, end = _times(since, until)
    listed = at_desk(
        config,
        lambda desk: list_audit(
            desk,
            actor=operating(),
            who=actor,
            action=action,
            token=token,
            owner_kind=kind,
            login=user if user is not None else app,
            address=address,
            reason=reason,
            route=route,
            since=begin,
            until=end,
            below=below,
            limit=limit,
        ),
    )
    if as_json:
        from gateway.auth.audit_export import document

        show_json([document(sealed) for sealed in listed.page.rows])
    else:
        titles = ("number", "when", "who", "from", "what", "to what", "more")
        show_table(titles, [cells(sealed, listed) for sealed in listed.page.rows], empty="No such rows.")
    if listed.page.below is not None:
        note(f"There are more: add --below {listed.page.below}")


@audit_app.command("export")
def export(
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="A new file, mode 0600; - is stdout.")
    ] = "-",
    since: SinceOption = None,
    until: UntilOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the audit as JSON lines: a row a line, the oldest first, and at the end the head of the chain.

    Kept in another place, it shows when the log here is cut short or replaced: `audit verify --against FILE`.

    \b
    Examples:
      token-gateway audit export --output audit-$(date +%F).jsonl
      token-gateway audit export --since 1d | ssh logs.example.org 'cat >> audit.jsonl'
    """
    from gateway.auth.audit import export_audit
    from gateway.cli.desk import at_desk, operating

    begin, end = _times(since, until)
    with _writing(output) as write:
        done = at_desk(config, lambda desk: export_audit(desk, actor=operating(), write=write, since=begin, until=end))
    words = f"{_rows(done.rows)}; the head is {done.head.seq} {done.head.mac.hex()[:16]}"
    if as_json and output != "-":
        show_json({"file": output, "rows": done.rows, "head": {"seq": done.head.seq, "mac": done.head.mac.hex()}})
    note(words if output == "-" else f"{output}: {words}")


@audit_app.command("verify")
def verify(
    *,
    against: Annotated[
        Path | None,
        typer.Option("--against", metavar="FILE", help="What `audit export` wrote; or log lines.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check the whole chain with the keys of the key file; exit code 1 when it does not hold.

    Every row is sealed over the one before it. What was cut off at the end shows against an export that was kept
    elsewhere, or against the `audit head` lines of the log.

    \b
    Examples:
      token-gateway audit verify
      token-gateway audit verify --against audit-2026-11-01.jsonl
    """
    from gateway.auth.audit import verify_audit
    from gateway.auth.audit_export import MAX_LINE, verdict_document
    from gateway.cli.desk import at_desk, operating

    with contextlib.ExitStack() as stack:
        lines = None if against is None else _lines(stack.enter_context(against.open("rb")), MAX_LINE)
        verdict = at_desk(config, lambda desk: verify_audit(desk, actor=operating(), against=lines))
    head = verdict.head
    holds = verdict.fault_at is None
    if as_json:
        show_json(verdict_document(verdict))
    elif holds:
        where = "" if head is None else f", {verdict.first} to {head.seq}; the head is {head.seq} {head.mac.hex()[:16]}"
        typer.echo(
            f"{_rows(verdict.rows)} hold{'s' if verdict.rows == 1 else ''}{where}" if verdict.rows else "No rows."
        )
        if against is not None:
            typer.echo(f"{against} is in it")
    else:
        typer.echo(f"row {verdict.fault_at}: {verdict.fault}")
        note(f"The audit does not hold. What does: {_rows(verdict.rows)}, from {verdict.first} on.")
    if not holds:
        raise typer.Exit(BROKEN)


@audit_app.command("prune")
def prune(
    *,
    before: Annotated[
        str,
        typer.Option(
            "--before", metavar="WHEN", help="400d (ago), 2026-01-01, or an instant; older rows go.", show_default=False
        ),
    ],
    though_broken: Annotated[
        bool, typer.Option("--though-broken", help="Also when the chain does not hold; that stays on record.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove old rows. A checkpoint stays, sealed, from which the rest can be verified; export the rows first.

    \b
    Example:
      token-gateway audit prune --before 400d --yes
    """
    from gateway.auth.audit import prune_audit
    from gateway.cli.desk import at_desk, operating

    when = past(before, "--before")
    if not yes:
        if not sys.stdin.isatty():
            raise Failure("pruning cannot be undone and nobody can be asked here", "add --yes")
        typer.confirm(f"Remove every audit row from before {exact(when)}?", abort=True, err=True)
    done = at_desk(config, lambda desk: prune_audit(desk, actor=operating(), before=when, though_broken=though_broken))
    if as_json:
        show_json({"before": when, "removed": done.rows, "left": done.left})
        return
    note(f"Removed from before {exact(when)}: {_rows(done.rows)}. Left: {_rows(done.left)}.")


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _times(since: str | None, until: str | None) -> "tuple[datetime | None, datetime | None]":
    begin = None if since is None else past(since, "--since")
    end = None if until is None else past(until, "--until", to_its_end=True)
    return begin, end


@contextlib.contextmanager
def _writing(output: str) -> Iterator[Callable[[str], object]]:
    """Write to stdout, or to a new file that only its owner can read; a file that was not finished does not stay."""
    if output == "-":
        yield sys.stdout.write
        sys.stdout.flush()
        return
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        raise Failure(f"{output} is there already", "choose another name") from None
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        Path(output).unlink(missing_ok=True)
        raise


def _lines(file: BinaryIO, longest: int) -> Iterator[bytes]:
    """The lines of a file; one that is longer than any of an export ends as one that is none."""
    while line := file.readline(longest + 1):
        yield line
