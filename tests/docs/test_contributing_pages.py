"""What the page about pages says of their parts is so, and no general part is left out."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contributing-pages.md").read_text("utf-8")
PARTS = ROOT / "gateway" / "web" / "portal" / "templates" / "parts"
GENERAL = ("icon", "page", "forms", "shown")
ROWS = re.findall(r"^\| (`.+?) \|", PAGE, re.MULTILINE)
TOLD = {name: told.split(", ") if told else [] for row in ROWS for name, told in re.findall(r"`(\w+)\((.*?)\)`", row)}


def _macros(file: Path) -> dict[str, list[str]]:
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(file.read_text("utf-8"))
    return {one.name: [arg.name for arg in one.args] for one in tree.find_all(nodes.Macro) if one.name[0] != "_"}


EVERY = {name: args for file in PARTS.glob("*.html") for name, args in _macros(file).items()}


@pytest.mark.parametrize("part", GENERAL)
def test_every_general_part_is_told_of(part):
    assert set(_macros(PARTS / f"{part}.html")) <= set(TOLD)


@pytest.mark.parametrize("name", TOLD)
def test_a_part_takes_what_the_page_says(name):
    told = TOLD[name]
    assert told == ["..."] or set(told) <= set(EVERY[name])


def test_the_sample_is_a_template_that_the_parts_can_serve():
    (sample,) = re.findall(r"```html\n(.*?)```", PAGE, re.DOTALL)
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(sample)
    imported = {name for one in tree.find_all(nodes.FromImport) for name in one.names}
    called = {one.node.name for one in tree.find_all(nodes.Call) if isinstance(one.node, nodes.Name)}
    assert imported
    assert imported <= set(EVERY)
    assert called - {"_"} - imported == set()
