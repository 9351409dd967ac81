"""`token-gateway user sync`: what a directory's export says of the people who sign in elsewhere."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.failure import REFUSED, Failure, Told, tell
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.output import note, show_json, show_table
from gateway.core.naming import printable

if TYPE_CHECKING:
    from gateway.auth.directory import Synced

NAMED = 12  # logins that a row of the report names; `--json` names all


def sync(
    file: Annotated[
        Path, typer.Argument(help="CSV with a header line, or JSON lines; - for stdin.", show_default=False)
    ],
    *,
    create: Annotated[bool, typer.Option("--create", help="Create those who are in the file and not here.")] = False,
    disable_missing: Annotated[
        bool, typer.Option("--disable-missing", help="Disable those who are here and not in the file.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when more than half of the people would be disabled.")
    ] = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a directory's export says of users of the single sign-on: enabled, groups, name, e-mail address.

    Whoever is enabled in the file is confirmed by it. Local users and applications are not touched. Columns: login,
    enabled, groups (separated by spaces or ;), and perhaps name and email. Returns when it is effective everywhere.

    \b
    Examples:
      token-gateway user sync people.csv --dry-run
      token-gateway user sync people.csv --create --disable-missing
    """
    from gateway.auth.directory import sync_directory
    from gateway.auth.directory_file import DirectoryFaults, read_directory
    from gateway.cli.desk import at_desk, operating

    people = read_directory(_bytes(file))
    if isinstance(people, DirectoryFaults):
        place = "stdin" if str(file) == "-" else printable(str(file))
        lines = tuple(f"{place}: {fault}" for fault in people.faults)
        document = {"code": "bad_file", "field": "file", "message": "nothing was changed", "faults": people.faults}
        raise tell(Told((*lines, "token-gateway: nothing was changed"), document, REFUSED), as_json=as_json)

    done = at_desk(
        config,
        lambda desk: sync_directory(
            desk,
            actor=operating(),
            people=people,
            create=create,
            disable_missing=disable_missing,
            dry_run=dry_run,
            force=force,
        ),
        waits=not no_wait,
    )
    if as_json:
        show_json(_document(done))
    else:
        _show(done)


def _bytes(file: Path) -> bytes:
    from gateway.auth.directory_file import MAX_BYTES

    if str(file) == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise Failure(f"{printable(str(file))} is a folder", "give the export's file") from None


def _show(done: "Synced") -> None:
    from gateway.cli.effect import effect_words

    rows = [
        (word.value, str(len(logins)), ", ".join(logins[:NAMED]) + (", ..." if len(logins) > NAMED else ""))
        for word, logins in done.logins.items()
        if logins
    ]
    show_table(("would be" if done.dry_run else "is", "people", "who"), rows, empty="Nobody.")
    if done.left_out:
        words = "Groups that are not declared, or not among `portal.sso.groups`, were left out"
        note(f"{words}: {_some(sorted(done.left_out))}")
    note("Nothing was changed: this was a dry run." if done.dry_run else f"Done{effect_words(done.effect)}.")


def _some(names: list[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _document(done: "Synced") -> dict[str, Any]:
    from gateway.cli.effect import effect_document

    return {
        "dry_run": done.dry_run,
        **{word.value: logins for word, logins in done.logins.items()},
        "groups_left_out": done.left_out,
        **effect_document(done.effect),
    }
