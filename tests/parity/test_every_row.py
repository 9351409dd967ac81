"""Every row of what users of RT and iTop have today has a test that cites it, and a heading where it is found."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
DOCS = TESTS.parent / "docs"
HOW_TO = (DOCS / "how-to.md").read_text("utf-8")
OPERATE, SCRIPT, PEOPLE = (
    "how-to.md: Operate the gateway",
    "how-to.md: Tokens from a script",
    "how-to.md: People from a script",
)
REFUSED, DID = "how-to.md: Why a request was refused, from a script", "how-to.md: Who did what, from a script"
MAY, FORMS = "owners.md: Who may do what?", "url-and-form-tokens.md: What counts"
FOUND = {
    "R01": SCRIPT,
    "R02": "how-to.md: .netrc: one file for curl, wget, git and pip",
    "R03": "how-to.md: curl",
    "R04": "url-and-form-tokens.md: Forms",
    "R05": FORMS,
    "R06": FORMS,
    "R07": SCRIPT,
    "R08": "reasons.md",
    "R09": MAY,
    "R10": MAY,
    "R11": "owners.md: How long is somebody signed in?",
    "R12": "owners.md: How do I help somebody who forgot the password?",
    "R13": OPERATE,
    "R14": "config.md: `scopes`",
    "R15": OPERATE,
    "R16": OPERATE,
    "R17": "owners.md: How do I stop somebody?",
    "R18": "owners.md: How do I make a service account?",
    "R19": OPERATE,
    "R20": OPERATE,
    "R21": OPERATE,
    "R22": OPERATE,
    "R23": OPERATE,
    "R24": OPERATE,
    "R25": "api.md: Me",
    "R26": SCRIPT,
    "R27": "how-to.md: Have people told before their tokens expire",
    "R28": "owners.md: How do I help somebody who forgot the password?",
    "R29": REFUSED,
    "R30": "reasons.md",
    "R31": "audit.md: What is in a row",
    "R32": "cli.md: `token-gateway store info`",
    "R33": "nginx.md: REMOTE_USER: PHP, RT and other FastCGI and uwsgi apps",
    "R34": "config.md",
    "R35": "moving-in.md: Tokens of Request Tracker",
    "R36": "nginx.md: What to type",
    "R37": "cli.md: `token-gateway key new`",
    "R38": "api.md: Me",
    "R39": "how-to.md: Excel and Power Query",
    "R40": DID,
}


def _cited() -> set[str]:
    """The ids in names and docstrings of tests, and in names of files of tests."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        words = [path.stem] if path.parent.name == "parity" else []
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                words += [node.name, ast.get_docstring(node) or ""]
        found |= {f"R{number}" for number in re.findall(r"(?:^|[^A-Za-z0-9])[Rr]([0-4][0-9])(?=_|\b)", " ".join(words))}
        found |= {f"R{number}" for word in words for number in re.findall(r"_r([0-4][0-9])(?=_|$)", word)}
    return found


def test_every_row_has_a_test_that_cites_it():
    assert {f"R{number:02}" for number in range(1, 41)} - _cited() == set()


@pytest.mark.parametrize("row", sorted(FOUND))
def test_every_row_is_found_in_the_docs_and_led_to_from_how_to(row):
    page, _, heading = FOUND[row].partition(": ")
    text = (DOCS / page).read_text("utf-8")
    assert not heading or re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE), FOUND[row]
    assert page == "how-to.md" or f"]({page}" in HOW_TO


def test_the_table_has_every_row():
    assert sorted(FOUND) == [f"R{number:02}" for number in range(1, 41)]
