"""Every attack that we know by name has a test."""

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.attacks.corpus import ATTACKS, MARK, attack

TESTS = Path(__file__).parents[1]


def marks_of(module: ModuleType) -> Iterator[pytest.Mark]:
    """The marks on the test functions of a module, and on single cases of them."""
    for name, function in vars(module).items():
        if not name.startswith("test_"):
            continue
        for mark in getattr(function, "pytestmark", []):
            yield mark
            if mark.name == "parametrize":
                for one in mark.args[1]:
                    yield from getattr(one, "marks", ())


def held_in(folder: str) -> set[str]:
    """The attacks that some test in the folder is marked with."""
    modules = [import_module(f"tests.{folder}.{path.stem}") for path in sorted((TESTS / folder).glob("test_*.py"))]
    return {number for module in modules for mark in marks_of(module) if mark.name == MARK for number in mark.args}


def test_every_attack_is_tried_directly():
    assert sorted(set(ATTACKS) - held_in("attacks")) == []


def test_every_attack_that_proxies_have_a_hand_in_is_tried_through_real_ones():
    needed = {number for number, one in ATTACKS.items() if one.through_proxies}
    assert sorted(needed - held_in("e2e")) == []


def test_a_number_that_is_not_in_the_list_cannot_be_written_on_a_test():
    for numbers in (("P99",), ("P01", "Z01"), ()):
        with pytest.raises(ValueError, match="not in the list"):
            attack(*numbers)


def test_every_test_here_and_every_case_is_one_that_is_run():
    """A test that is defined twice under one name would hide the first."""
    for path in sorted((TESTS / "attacks").glob("test_*.py")):
        names = [node.name for node in ast.parse(path.read_text("utf-8")).body if hasattr(node, "name")]
        assert len(names) == len(set(names)), path.name
