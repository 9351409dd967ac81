"""docs/api.md names every operation and every code of the API with its status, and no other."""

import ast
import re
from dataclasses import fields
from pathlib import Path

from gateway.web.api.codes import OWN, REFUSED, STATUS
from gateway.web.api.limit import FAILURES, REQUESTS, SERVICE
from gateway.web.api.operation import Ask, Needs, Operation, Reply
from gateway.web.api.operations import all_operations

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "api.md").read_text("utf-8")
ADDING = (DOCS / "contributing-api.md").read_text("utf-8")


def test_the_page_has_a_section_for_every_operation_and_no_other():
    served = {f"{row.method} {row.path}" for row in all_operations()}
    assert set(re.findall(r"^### `(\w+ [^`]+)`$", PAGE, re.MULTILINE)) == served


def test_the_page_has_a_row_for_every_code_with_its_status_and_meaning():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert {code: (int(status), says) for code, status, says in rows} == {**OWN, **REFUSED}
    assert [code for code, _, _ in rows] == sorted(code for code, _, _ in rows)


def test_a_section_tells_a_code_only_of_an_operation_that_can_answer_with_it():
    from gateway.web.api.openapi import problems_of

    answers = {f"{row.method} {row.path}": dict(map(reversed, problems_of(row))) for row in all_operations()}
    sections = re.findall(r"^### `(\w+ [^`]+)`$(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    for name, text in sections:
        for status, code in re.findall(r"\b([45]\d\d) `(\w+)`", text):
            if code != "needs_proof":  # told where one proves oneself, answered elsewhere
                assert answers[name][code] == int(status), (name, code)


def test_the_limits_are_those_that_are_told():
    assert f"{REQUESTS.burst} requests at once and {1 / REQUESTS.period_s:.0f} a second" in PAGE
    assert f"{SERVICE.burst} requests at once and {1 / SERVICE.period_s:.0f} a second" in PAGE
    assert f"{FAILURES.burst}, and one in {FAILURES.period_s:.0f} seconds" in PAGE


def test_the_page_on_adding_a_resource_speaks_of_what_is_there():
    example = ast.parse(ADDING.partition("```python\n")[2].partition("```")[0])
    known = {"Operation": Operation, "Reply": Reply}
    for node in ast.walk(example):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in known:
            allowed = {field.name for field in fields(known[node.func.id])}
            assert {word.arg for word in node.keywords} <= allowed
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "ask":
            assert hasattr(Ask, node.attr)
        if isinstance(node, ast.keyword) and node.arg == "problems":
            assert set(ast.literal_eval(node.value)) <= set(STATUS)
    assert all(hasattr(Ask, name) for name in re.findall(r"`ask\.(\w+)", ADDING))
    assert all(f"`{need.name}`" in ADDING for need in Needs)
