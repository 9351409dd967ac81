"""`token-gateway user passwd`: a person's password, typed twice or read from stdin, and never an argument."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json

if TYPE_CHECKING:
    from gateway.core.token import Secret

MAX_BYTES = 8192  # of stdin; what is longer than a password can be is refused by the rule for passwords


def passwd(
    login: Annotated[str, typer.Argument(help="The user's login.", show_default=False)],
    *,
    stdin: Annotated[bool, typer.Option("--stdin", help="Read the password from stdin: its first and only line.")] = (
        False
    ),
    must_change: Annotated[
        bool | None,
        typer.Option(
            "--must-change/--no-must-change",
            help="Whether it opens nothing but its own change. Default: yes, except for your own login.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a user's password, for signing in to the portal. Ends the user's sessions; tokens stay as they are.

    At least 12 characters, and not one of those that are tried first; no other rules.

    \b
    Examples:
      token-gateway user passwd alice
      token-gateway user passwd alice --stdin < initial-password
    """
    from gateway.auth.desk import Desk
    from gateway.auth.passwords import PasswordSet, password_pool, set_password
    from gateway.cli.desk import actor, at_desk, operating

    own = actor().partition(":")[2].casefold() == login.casefold()
    forced = not own if must_change is None else must_change
    password = _from_stdin() if stdin else _typed(login)

    async def work(desk: Desk) -> PasswordSet:
        pool = password_pool()
        try:
            return await set_password(desk, pool, actor=operating(), login=login, password=password, must_change=forced)
        finally:
            pool.close()

    done = at_desk(config, work)
    if as_json:
        show_json({"login": done.owner.login, "must_change": done.must_change, "sessions_ended": done.sessions_ended})
        return
    first = "; it must be changed at the first sign-in" if done.must_change else ""
    sessions = f"{done.sessions_ended} session{'' if done.sessions_ended == 1 else 's'} ended"
    note(f"{done.owner.login} has a new password{first}. {sessions}; tokens stay as they are.")


def _typed(login: str) -> "Secret":
    from gateway.core.token import Secret

    if not sys.stdin.isatty():
        raise Failure("nobody can be asked here", "add --stdin, and give the password as its only line")
    return Secret(typer.prompt(f"New password for {login}", hide_input=True, confirmation_prompt=True, err=True))


def _from_stdin() -> "Secret":
    from gateway.core.token import Secret

    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        text = data.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise Failure("the password on stdin is not UTF-8", "write it in that encoding") from None
    if len(data) > MAX_BYTES or "\n" in text:
        raise Failure("stdin holds more than one password", "give it as the only line")
    return Secret(text)
