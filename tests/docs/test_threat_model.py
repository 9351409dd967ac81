"""docs/THREAT_MODEL.md: every promise names tests that are there, and every part of the gateway has its promises."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "THREAT_MODEL.md").read_text("utf-8")
PARTS = [
    "The check listener and its dialects", "The fast lane and the caches", "Store, lease and revocation",
    "Tokens and hashing", "Portal: API and sessions", "Portal: pages and browsers", "Single sign-on at the portal",
    "Command line and control socket", "Mail", "Moving in", "Configuration", "What is written", "Supply chain",
]  # fmt: skip


def part(page, title, level="##"):
    """What stands under a heading."""
    found = re.search(rf"^{level} {re.escape(title)}\n(.*?)(?=^{level[:2]} |\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, title
    return re.split(rf"^{level} ", found[1], flags=re.MULTILINE)[0]


PROMISED = part(PAGE, "What is promised")
ROWS = [line for line in PROMISED.splitlines() if line.startswith("| ") and not line.startswith("| promise |")]


@cache
def all_tests():
    """The name of every test in the suite."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found.add(node.name)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:60])
def test_every_promise_names_tests_that_are_there(row):
    named = re.findall(r"`(test_[a-z0-9_]+)`", row.rsplit("|", 2)[1])
    assert named, "a promise that no test holds"
    assert set(named) <= all_tests()


@pytest.mark.parametrize("title", PARTS)
def test_every_part_of_the_gateway_has_its_promises(title):
    assert part(PROMISED, title, "###").count("| ") > 4


def test_there_are_no_other_parts():
    assert re.findall(r"^### (.*)$", PROMISED, re.MULTILINE) == PARTS


@pytest.mark.parametrize(
    "title", ["What is guarded", "Borders of trust", "Who attacks", "What is not promised", "What you must do"]
)
def test_the_page_says_the_rest_too(title):
    assert len(part(PAGE, title)) > 500


def test_security_md_leads_there_and_invents_no_address():
    text = (ROOT / "SECURITY.md").read_text("utf-8")
    assert "docs/THREAT_MODEL.md" in text
    assert "private vulnerability reporting" in text
    assert not re.search(r"[\w.]+@[\w-]+\.\w+|https?://", text)


@pytest.mark.parametrize("page", ["SECURITY.md", "docs/THREAT_MODEL.md", "docs/supply-chain.md", "docs/assurance.md"])
def test_links_lead_to_files_that_are_there(page):
    where = ROOT / page
    for link in re.findall(r"\]\(([^)#]+)", where.read_text("utf-8")):
        assert link.startswith("https://") or (where.parent / link).exists(), link
