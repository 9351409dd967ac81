"""`token-gateway token revoke`: the end of tokens: by handle, from a list of leaked ones, or all of an owner's."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.effect import effect_document, effect_words
from gateway.cli.failure import NOT_FOUND, Failure
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.output import note, show_json
from gateway.cli.token import one_owner, with_brand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.auth.desk import Desk, Effect
    from gateway.auth.leaked import Leaked, Missing
    from gateway.auth.token_revoke import Revoked
    from gateway.auth.token_stops import AllStopped

MAX_LEAKED_BYTES = 10_000_000

AllOfUserOption = Annotated[
    str | None, typer.Option("--all-of-user", metavar="LOGIN", help="All tokens of this user.", show_default=False)
]
AllOfAppOption = Annotated[
    str | None,
    typer.Option("--all-of-app", metavar="NAME", help="All tokens of this application.", show_default=False),
]


def register(group: typer.Typer) -> None:
    """Put this command into the group."""
    group.command("revoke")(revoke)


def revoke(
    tokens: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOKEN]...", help="Handles (tgp_...) or ids; never whole tokens.", show_default=False),
    ] = None,
    *,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read leaked tokens from stdin, whole or handles, one a line.")
    ] = False,
    all_of_user: AllOfUserOption = None,
    all_of_app: AllOfAppOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """End tokens for good. When this returns, no check on any host allows one of them.

    With --stdin each whole token is revoked if its secret is (or was) really one of that token, and each handle as it
    is; what was not found is told by its line, never by its text, and the exit code is then 3.

    \b
    Examples:
      token-gateway token revoke tgp_0123456789a
      token-gateway token revoke --stdin < leaked.txt
      token-gateway token revoke --all-of-user bob
    """
    from gateway.auth.token_revoke import revoke_all, revoke_tokens
    from gateway.cli.desk import at_desk, operating

    ways = [bool(tokens), stdin, all_of_user is not None, all_of_app is not None]
    if sum(ways) != 1:
        which = "handles, --stdin, --all-of-user or --all-of-app"
        raise Failure("nothing to revoke" if not any(ways) else "more than one way to say which", f"give {which}")
    if all_of_user is not None or all_of_app is not None:
        kind, login = one_owner(all_of_user, all_of_app)
        done = at_desk(
            config,
            lambda desk: revoke_all(desk, actor=operating(), owner_kind=kind, login=login),
            waits=not no_wait,
        )
        say_all_stopped(done, "revoked", as_json=as_json)
        return
    if stdin:
        _revoke_leaked(config, waits=not no_wait, as_json=as_json)
        return
    brand, done = at_desk(
        config,
        lambda desk: with_brand(
            desk, revoke_tokens(desk, actor=operating(), references=list(dict.fromkeys(tokens or ())))
        ),
        waits=not no_wait,
    )
    _say_revoked(done.revoked, done.effect, brand, unknown=done.unknown, as_json=as_json)


def _revoke_leaked(config: Any, *, waits: bool, as_json: bool) -> None:
    from gateway.auth.leaked import revoke_leaked
    from gateway.cli.desk import at_desk, authenticating, operating

    lines = _lines_of_stdin()

    async def work(desk: "Desk") -> tuple[str, "Leaked"]:
        async with authenticating(desk) as authenticator:
            found = await revoke_leaked(desk, authenticator.authenticate, actor=operating(), lines=lines)
        return desk.settings.tokens.brand, found

    brand, found = at_desk(config, work, waits=waits)
    _say_revoked(found.revoked, found.effect, brand, missing=found.missing, as_json=as_json)


def _say_revoked(
    done: "Sequence[Revoked]",
    effect: "Effect | None",
    brand: str,
    *,
    missing: "Sequence[Missing]" = (),
    unknown: "Sequence[str]" = (),
    as_json: bool,
) -> None:
    """Say what was revoked; exit 3 when something was not there."""
    from gateway.cli import token_output
    from gateway.core.token import handle

    if as_json:
        revoked = [
            token_output.token_document(one.token, one.owner, brand) | {"already_revoked": one.already} for one in done
        ]
        not_found: list[dict[str, Any]] = [{"line": one.line, "handle": one.handle, "why": one.why} for one in missing]
        not_found += [{"line": None, "handle": reference, "why": "not found"} for reference in unknown]
        show_json({"revoked": revoked, "not_found": not_found} | effect_document(effect))
    else:
        for one in done:
            name = handle(brand, one.token.kind, one.token.id)
            word = "was already revoked" if one.already else "is revoked"
            note(f"{name} ({one.token.name!r} of {one.owner.login}) {word}{effect_words(effect)}.")
        for line in missing:
            note(f"line {line.line}: {line.handle + ': ' if line.handle else ''}{line.why}")
        for reference in unknown:
            note(f"there is no token {reference}; see `token-gateway token list`")
    if missing or unknown:
        raise typer.Exit(NOT_FOUND)


def say_all_stopped(done: "AllStopped", verb: str, *, as_json: bool) -> None:
    """Say how many tokens of an owner were stopped, and how long until that was effective."""
    if as_json:
        show_json({"owner": done.owner.login, verb: done.count} | effect_document(done.effect))
        return
    tokens = f"{done.count} token{'' if done.count == 1 else 's'}"
    note(f"{tokens} of {done.owner.login} {verb}{effect_words(done.effect)}.")


def _lines_of_stdin() -> list[str]:
    if sys.stdin.isatty():
        note("Paste the leaked tokens, one a line, and end with Ctrl-D.")
    text = sys.stdin.buffer.read(MAX_LEAKED_BYTES + 1)
    if len(text) > MAX_LEAKED_BYTES:
        raise Failure(f"more than {MAX_LEAKED_BYTES // 1_000_000} MB on stdin", "split the list")
    return text.decode("utf-8", "replace").splitlines()
