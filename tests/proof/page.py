"""docs/assurance.md: what a hand wrote, and between two marks for each proof what the proof wrote."""

from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "assurance.md"


def put(page: str, name: str, section: str) -> str:
    """The page with this section between its marks; everything else stays. ValueError when they are not there once."""
    begin, end = f"<!-- {name}: written by `make proof` -->\n", f"<!-- {name}: end -->\n"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(end) < page.index(begin):
        raise ValueError(f"the marks of {name} are not in the page, in order and once each")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{section.rstrip()}\n\n{end}{rest.partition(end)[2]}"
