"""Lines that were refused, and the report of them as CSV that is safe to open in a spreadsheet."""

import csv
from dataclasses import dataclass
from typing import TextIO

from gateway.core.naming import printable, without_tokens

COLUMNS = ("line", "field", "value", "problem", "mend")
MAX_SHOWN = 100
# A cell that starts so is a formula to Excel and others (OWASP, CSV Injection); the apostrophe makes it text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """One line that did not go in. `value` is what stood in the field; never a hash, and a token only by its handle."""

    line: int
    field: str
    value: str
    why: str
    mend: str = ""

    def __post_init__(self) -> None:
        # Whole, before it is cut to a length: half a secret is not recognised any more.
        object.__setattr__(self, "value", without_tokens(self.value))

    def __str__(self) -> str:
        shown = f" {printable(self.value[:MAX_SHOWN])!r}" if self.value else ""
        return f"line {self.line}: {self.field}{shown} {self.why}" + (f"; {self.mend}" if self.mend else "")


class Report:
    """Writes refused lines under the column names, as they come."""

    def __init__(self, file: TextIO) -> None:
        self._writer = csv.writer(file)
        self._writer.writerow(COLUMNS)

    def add(self, one: RefusedLine) -> None:
        """Write one line."""
        cells = (one.field, one.value[:MAX_SHOWN], one.why, one.mend)
        self._writer.writerow((one.line, *(_cell(text) for text in cells)))


def _cell(text: str) -> str:
    shown = printable(text)
    return f"'{shown}" if shown.startswith(_FORMULA) or text.startswith(_FORMULA) else shown
