"""What commands print: tables and fields for people, JSON for scripts, notes on stderr.

On a terminal rich draws the tables; into a pipe goes plain aligned text. Values come from a store that others write to,
so nothing in them may reach the terminal as a control sequence.
"""
# ruff: noqa: PLC0415  # rich is imported when there is a terminal to draw on: it costs a tenth of a second

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import typer

from gateway.cli.cell import Cell, Styled
from gateway.core.naming import printable


def show_json(value: object) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: object) -> Any:
    """A value as JSON has it: times as ISO 8601 in UTC, sets sorted, spans in seconds."""
    match value:
        case Enum():
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case list() | tuple():
            return [plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def note(text: str) -> None:
    """Say something to the operator, apart from the output."""
    typer.echo(text, err=True)


def show_table(titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, empty: str) -> None:
    """Print rows under titles, or `empty` (on stderr) when there are none."""
    cells = [[_clean(cell) for cell in row] for row in rows]
    if not cells:
        note(empty)
    elif _on_terminal():
        from gateway.cli import terminal

        terminal.table(titles, cells)
    else:
        _plain_table([list(titles), *([_text(cell) for cell in row] for row in cells)])


def show_fields(fields: Iterable[tuple[str, Cell]]) -> None:
    """Print one thing, a field a line."""
    pairs = [(name, _clean(value)) for name, value in fields]
    if _on_terminal():
        from gateway.cli import terminal

        terminal.fields(pairs)
    else:
        _plain_table([[name, _text(value)] for name, value in pairs])


def _on_terminal() -> bool:
    return sys.stdout.isatty()


def _clean(cell: Cell) -> Cell:
    return Styled(printable(cell.text), cell.style) if isinstance(cell, Styled) else printable(cell)


def _text(cell: Cell) -> str:
    return cell.text if isinstance(cell, Styled) else cell


def _plain_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        typer.echo("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
