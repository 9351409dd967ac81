"""What a terminal gets: tables drawn by rich. Import this only when there is one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.cell import Cell, Styled


def table(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> None:
    """Draw rows under titles."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        drawn.add_column(title, overflow="fold")
    for row in rows:
        drawn.add_row(*map(_text, row))
    Console().print(drawn)


def fields(pairs: Sequence[tuple[str, Cell]]) -> None:
    """Draw names and values, a pair a line."""
    grid = Table.grid(padding=(0, 2))
    for name, value in pairs:
        grid.add_row(Text(name, style="bold"), _text(value))
    Console().print(grid)


@contextmanager
def progress(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr over `total` bytes; it is told how many are done."""
    with Progress(BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task("", total=total)
        yield lambda done: bar.update(task, completed=done)


def _text(cell: Cell) -> Text:
    return Text(cell.text, style=cell.style) if isinstance(cell, Styled) else Text(cell)
