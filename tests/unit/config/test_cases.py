"""Every error, word for word: what an operator wrote, `----------`, what it says.

The cases stand in `cases/*.txt`. A case that names no `public_url` or `routes` gets both at its end, where they move no
line. To see what a change does to the words, run this file as a program: it writes the cases anew.
"""

import re
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid
from gateway.config.reader import read

CASES = Path(__file__).parent / "cases"
ENV = {"SECRET": "hunter2 !", "HOST_BITS": "10.99.99.99/8"}
ENDING = {"public_url": "public_url: https://gateway.example.org", "routes": "routes: []"}


def cases(file: Path) -> list[tuple[str, str, str]]:
    """Title, input and expected errors of every case in a file."""
    parts = re.split(r"^=== (.*)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = []
    for title, body in zip(parts[::2], parts[1::2], strict=True):
        written, _, expected = body.partition("----------\n")
        found.append((title, written, expected))
    return found


def errors(written: str) -> str:
    """What is said about a configuration, a line an error."""
    for key, line in ENDING.items():
        if not re.search(rf"^{key}:", written, re.MULTILINE):
            written += f"{line}\n"
    with pytest.raises(ConfigInvalid) as raised:
        read(written.encode(), path=Path("gateway.yaml"), env=ENV)
    return "".join(f"{error}\n" for error in raised.value.errors)


ALL = [
    pytest.param(written, expected, id=f"{file.stem}: {title}")
    for file in sorted(CASES.glob("*.txt"))
    for title, written, expected in cases(file)
]


@pytest.mark.parametrize(("written", "expected"), ALL)
def test_says_all_that_is_wrong(written: str, expected: str) -> None:
    assert errors(written) == expected


@pytest.mark.parametrize(("written", "expected"), ALL)
def test_never_shows_a_value_from_outside(written: str, expected: str) -> None:
    said = errors(written)
    assert "hunter2" not in said
    assert "10.99" not in said


if __name__ == "__main__":
    for path in sorted(CASES.glob("*.txt")):
        anew = (f"=== {title}\n{written}----------\n{errors(written)}" for title, written, _ in cases(path))
        path.write_text("".join(anew), encoding="utf-8")
