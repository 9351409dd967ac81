"""CPython before 3.11.5 matches possessive and atomic groups wrongly (cpython issue 106052): the house uses none."""

from pathlib import Path

import pytest

import gateway

GROUPS = (")*+", ")++", ")?+", ")}+", "(?>")


@pytest.mark.parametrize("group", GROUPS)
def test_no_module_uses_a_group_that_older_interpreters_match_wrongly(group):
    root = Path(gateway.__file__).parent
    assert [path.name for path in root.rglob("*.py") if group in path.read_text("utf-8")] == []
