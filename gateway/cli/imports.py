"""`token-gateway import`: moving in from elsewhere.

Good lines go in; each bad one is told, and written to the report if one is asked for.
"""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.effect import effect_document, effect_words
from gateway.cli.failure import REFUSED
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.output import note, show_json

if TYPE_CHECKING:
    from gateway.auth.imports.report import RefusedLine

MAX_TOLD = 20  # refused lines on the terminal; all of them are in the report

import_app = typer.Typer(
    help="Move in from elsewhere: users, and tokens of Request Tracker.", no_args_is_help=True, rich_markup_mode=None
)
FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A CSV file whose first line names the columns.", show_default=False)
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write the refused lines there, as CSV.", show_default=False),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Do everything, say what came of it, and take it back.")]


@import_app.command("users")
def users(
    file: FileArgument,
    *,
    update: Annotated[bool, typer.Option("--update", help="Also change users that are there already.")] = False,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create users from a CSV file with the columns login, name, email, groups, organisations, enabled.

    Only login must be there. Comma, semicolon and tab are understood as delimiters, and Excel's byte order mark. Users
    that are there already are left as they are, unless --update is given. Exit code 2 when a line was refused.

    \b
    Examples:
      token-gateway import users people.csv --dry-run
      token-gateway import users people.csv --update --report refused.csv
    """
    from gateway.auth.imports.users import import_users
    from gateway.cli.desk import at_desk, operating

    with _file(file, report) as (source, refused, progress):
        done = at_desk(
            config,
            lambda desk: import_users(
                desk,
                actor=operating(),
                source=source,
                refused=refused,
                progress=progress,
                update=update,
                dry_run=dry_run,
            ),
            waits=not no_wait,
        )
    if as_json:
        found = {"created": done.created, "updated": done.updated, "unchanged": done.unchanged}
        show_json(found | {"refused": done.refused, "dry_run": dry_run} | effect_document(done.effect))
    else:
        note(
            f"{_would(dry_run)}{done.created} created, {done.updated} updated, {done.unchanged} unchanged, "
            f"{done.refused} refused{effect_words(done.effect)}."
        )
    if done.refused:
        raise typer.Exit(REFUSED)


@import_app.command("rt-tokens")
def rt_tokens(
    file: FileArgument,
    *,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="A scope that the tokens get; may be repeated.", show_default=False),
    ] = None,
    create_users: Annotated[
        bool, typer.Option("--create-users", help="Create owners that are not there, with their login alone.")
    ] = False,
    dry_run: DryRunOption = False,
    report: ReportOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the tokens of Request Tracker in, by their stored hashes: their owners go on using them as they are.

    The columns are id, user_id, login, token, and if they are there description, created, last_used, expires. Of a user
    the eight that were used last. Routes take them that list `rt` in `credentials`, until `import.rt_until`. Needs the
    package bcrypt: token-gateway[import]. Exit code 2 when a line was refused.

    \b
    Examples:
      token-gateway import rt-tokens rt-tokens.csv --scope rest --dry-run
      token-gateway import rt-tokens rt-tokens.csv --scope rest --create-users --report refused.csv
    """
    from gateway.auth.imports.rt_tokens import import_rt_tokens
    from gateway.cli.desk import at_desk, operating

    with _file(file, report) as (source, refused, progress):

        async def work(desk: Any) -> Any:
            done = await import_rt_tokens(
                desk,
                actor=operating(),
                source=source,
                scopes=scope or (),
                refused=refused,
                progress=progress,
                create_users=create_users,
                dry_run=dry_run,
            )
            return done, desk.settings.import_.rt_until

        done, until = at_desk(config, work)
    if as_json:
        found = {"created": done.created, "unchanged": done.unchanged, "refused": done.refused}
        show_json(found | {"users_created": done.users_created, "shortened": done.shortened, "dry_run": dry_run})
    else:
        note(
            f"{_would(dry_run)}{done.created} created, {done.unchanged} unchanged, {done.refused} refused; "
            f"{done.users_created} users created."
        )
        if done.shortened:
            note(f"{done.shortened} of them end sooner than in RT: tokens.personal.max_lifetime.")
        if not scope:
            note("They have no scopes: only routes that ask for any valid token will take them.")
        if until is None:
            note("No route takes them yet: list rt under `credentials`, and set `import.rt_until`.")
    if done.refused:
        raise typer.Exit(REFUSED)


def _would(dry_run: bool) -> str:
    return "Dry run, nothing was changed: " if dry_run else ""


@contextlib.contextmanager
def _file(
    file: Path, report: Path | None
) -> Iterator[tuple[Any, "Callable[[RefusedLine], None]", Callable[[int], None]]]:
    """The file, what is told of each refused line, and what is told of how far the reading came."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(file.open("rb"))
        write = stack.enter_context(_report(report))
        advance = stack.enter_context(_progress(os.fstat(source.fileno()).st_size))
        told = 0

        def refused(line: "RefusedLine") -> None:
            nonlocal told
            write(line)
            told += 1
            if told <= MAX_TOLD:
                note(str(line))

        yield source, refused, advance
        if told > MAX_TOLD:
            where = "in the report" if report is not None else "told by --report FILE"
            note(f"... and {told - MAX_TOLD} more refused lines, {where}")


@contextlib.contextmanager
def _report(path: Path | None) -> "Iterator[Callable[[RefusedLine], None]]":
    """What writes a line to the report. The file is for the operator alone: it tells of people."""
    from gateway.auth.imports.report import Report

    if path is None:
        yield lambda _: None
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        yield Report(file).add


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from gateway.cli import terminal

    with terminal.progress(total) as advance:
        yield advance
