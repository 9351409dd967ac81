"""docs/assurance.md: each long run writes what it saw into its own place there, and leaves the rest as it is."""

import os
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "assurance.md"


def minutes(*, default: float) -> float:
    """How long to run: MINUTES of the environment, as `make` hands it on."""
    given = os.environ.get("MINUTES") or str(default)
    try:
        found = float(given)
    except ValueError:
        raise SystemExit(f"MINUTES is {given!r}; it takes a number, such as 5") from None
    if not 0 < found <= 24 * 60:
        raise SystemExit(f"MINUTES is {given!r}; it takes more than 0 and at most 1440")
    return found


def today() -> str:
    """The date, as the page has it."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def placed(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of `name`. ValueError: it has no such marks, or has them twice."""
    begin, end = f"<!-- {name}: written by `make {name}` -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise ValueError(f"the page needs the marks of {name!r} once, in order")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text.rstrip()}\n\n{end}{rest.partition(end)[2]}"


def write_section(name: str, text: str) -> None:
    """Put the result of a run into its place."""
    PAGE.write_text(placed(PAGE.read_text("utf-8"), name, text), "utf-8")
