"""A CSV file, line by line, as spreadsheets and databases write it; nothing of its size is held in memory.

Read are UTF-8, with or without byte order mark, and `,`, `;` (Excel in most of Europe) or tab (`mysql --batch`) as
delimiter, told from the first line, which names the columns. One line is one row: a value never holds a line break,
since no field of ours may, and so an open quote spoils one line and not the rest of the file.
"""

import csv
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from gateway.auth.refused import Refused, did_you_mean
from gateway.core.naming import without_tokens

MAX_LINE = 16_384  # bytes
MAX_LINES = 1_000_000
_EXCEL_HINT = re.compile(rb"sep=(.)\r?\n?")
_ESCAPED = re.compile(r"\\([tn0\\])")
_MEANING = {"t": "\t", "n": "\n", "0": "\0", "\\": "\\"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line by its columns; a column that the file does not have is not in it. `end`: bytes read so far."""

    line: int
    values: Mapping[str, str]
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """A line that cannot be read as a row."""

    line: int
    why: str
    mend: str
    end: int


def read_rows(source: BinaryIO, *, columns: Collection[str], needed: Collection[str]) -> Iterator[Row | BadRow]:
    """The rows below the first line. Refused, before any row, when that does not name the columns."""
    reader = _Lines(source)
    raw = reader.next()
    if raw is not None and _EXCEL_HINT.fullmatch(raw.removeprefix(b"\xef\xbb\xbf")):
        raw = reader.next()
    delimiter, names = _header(raw, columns, needed)
    return _rows(reader, delimiter, names)


class _Lines:
    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.number = 0
        self.end = 0

    def next(self) -> bytes | None:
        """The next line, cut behind `MAX_LINE`; None at the end."""
        raw = self._source.readline(MAX_LINE + 1)
        if not raw:
            return None
        self.number += 1
        self.end += len(raw)
        part = raw
        while len(part) > MAX_LINE and not part.endswith(b"\n"):
            part = self._source.readline(MAX_LINE + 1)
            self.end += len(part)
        return raw


def _rows(reader: _Lines, delimiter: str, names: list[str]) -> Iterator[Row | BadRow]:
    while (raw := reader.next()) is not None:
        if not raw.strip():
            continue
        if reader.number > MAX_LINES:
            yield BadRow(
                line=reader.number, why=f"there are more than {MAX_LINES} lines", mend="split the file", end=reader.end
            )
            return
        values = _split(raw, delimiter)
        if isinstance(values, tuple):
            yield BadRow(line=reader.number, why=values[0], mend=values[1], end=reader.end)
        elif len(values) != len(names):
            why = f"has {len(values)} values where the first line names {len(names)} columns"
            yield BadRow(line=reader.number, why=why, mend="quote values that hold the delimiter", end=reader.end)
        else:
            known = dict(zip(names, (value.strip() for value in values), strict=True))
            yield Row(line=reader.number, values=known, end=reader.end)


def _header(raw: bytes | None, columns: Collection[str], needed: Collection[str]) -> tuple[str, list[str]]:
    line = (raw or b"").removeprefix(b"\xef\xbb\xbf")
    delimiter = max(",;\t", key=lambda sign: line.count(sign.encode("ascii")))
    read = _split(line, delimiter)
    names = [name.strip().lower() for name in read] if isinstance(read, list) else []
    mend = f"the first line names the columns: {', '.join(columns)}"
    if not set(needed) & set(names):
        why = read[0] if isinstance(read, tuple) else "does not name the columns"
        raise Refused("bad_file", field="file", message=f"line 1 {why}", mend=mend)
    for name in names:
        if name not in columns:
            shown = without_tokens(name)[:64] if name.isprintable() else "a column"
            hint = did_you_mean(name, list(columns), otherwise=mend)
            raise Refused("bad_file", field="file", message=f"{shown!r} is not a column of this file", mend=hint)
        if names.count(name) > 1:
            raise Refused("bad_file", field="file", message=f"column {name} is there twice", mend="remove one")
    missing = [name for name in needed if name not in names]
    if missing:
        raise Refused("bad_file", field="file", message=f"column {missing[0]} is missing", mend=mend)
    return delimiter, names


def _split(raw: bytes, delimiter: str) -> list[str] | tuple[str, str]:
    """The values of a line; or why there are none, and how to mend that."""
    if len(raw) > MAX_LINE:
        return f"is longer than {MAX_LINE} bytes", "shorten it"
    try:
        text = raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return "is not UTF-8", "save the file as CSV UTF-8"
    if delimiter == "\t":
        return [_ESCAPED.sub(lambda found: _MEANING[found[1]], value) for value in text.split("\t")]
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return "is not CSV: a quote is open, or stands inside a value", "double quotes inside quotes; no line breaks"
