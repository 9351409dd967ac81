"""`token-gateway user sessions`: where a person is signed in, and signing them out."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json, show_table

if TYPE_CHECKING:
    from gateway.store import SessionRow


def sessions(
    login: Annotated[str, typer.Argument(help="The user's login.", show_default=False)],
    *,
    end: Annotated[
        str | None, typer.Option("--end", metavar="ID", help="Sign the user out of this one.", show_default=False)
    ] = None,
    end_all: Annotated[bool, typer.Option("--end-all", help="Sign the user out everywhere.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a user is signed in to the portal, or sign the user out. Tokens stay as they are.

    \b
    Examples:
      token-gateway user sessions alice
      token-gateway user sessions alice --end-all
    """
    from gateway.auth.owner_sessions import end_session_of, end_sessions_of, sessions_of
    from gateway.cli.desk import at_desk, now, operating

    if end is not None and end_all:
        raise Failure("--end and --end-all say two things", "give one of them")
    if end is not None:
        at_desk(config, lambda desk: end_session_of(desk, actor=operating(), login=login, session_id=end))
        _say(login, 1, as_json=as_json)
    elif end_all:
        ended = at_desk(config, lambda desk: end_sessions_of(desk, actor=operating(), login=login))
        _say(login, ended, as_json=as_json)
    else:
        rows = at_desk(config, lambda desk: sessions_of(desk, actor=operating(), login=login))
        if as_json:
            show_json([_document(row) for row in rows])
            return
        from gateway.cli.times import relative

        at = now()
        titles = ("id", "signed in", "last seen", "how", "from", "with")
        cells = [
            (
                row.id,
                relative(row.created_at, at),
                relative(row.last_seen_at, at),
                row.how.value,
                row.address or "-",
                row.user_agent or "-",
            )
            for row in rows
        ]
        show_table(titles, cells, empty=f"{login} is signed in nowhere.")


def _say(login: str, ended: int, *, as_json: bool) -> None:
    if as_json:
        show_json({"login": login, "ended": ended})
    else:
        note(f"{login}: {ended} session{'' if ended == 1 else 's'} ended; tokens stay as they are.")


def _document(row: "SessionRow") -> dict[str, Any]:
    return {
        "id": row.id,
        "how": row.how,
        "address": row.address,
        "user_agent": row.user_agent,
        "created_at": row.created_at,
        "last_seen_at": row.last_seen_at,
        "ends_at": row.expires_at,
    }
