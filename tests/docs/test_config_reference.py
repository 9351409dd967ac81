"""docs/config.md and the configuration say the same: every key, every example, every error that is quoted."""

import re
from pathlib import Path

import pytest

from gateway.config.json_schema import every_key
from gateway.config.reader import read
from gateway.core.identity import FIELDS
from gateway.core.target import LENIENCES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `(\S+)`\n(.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE))
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
ERRORS = [
    quoted for line in re.findall(r"^- Error: .*$", PAGE, re.MULTILINE) for quoted in re.findall(r"`([^`]+)`", line)[:1]
]
SAID = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/unit/config/cases").glob("*.txt"))
NEEDED = {"public_url": "public_url: https://gateway.example.org\n", "routes": "routes: []\n"}


def test_every_key_is_in_the_reference_and_the_other_way_round() -> None:
    assert set(SECTIONS) == set(every_key())
    assert len(re.findall(r"^### ", PAGE, re.MULTILINE)) == len(SECTIONS)


@pytest.mark.parametrize("key", every_key())
def test_a_key_says_its_type_and_what_it_means(key: str) -> None:
    kind, _, meaning = SECTIONS[key].strip().partition("\n")

    assert re.fullmatch(r"\*.*\S\*", kind), "the first line says the type and the default"
    assert re.search(r"\w.*\S\.(\s|$)", meaning), "a sentence says what it means"


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_loads(example: str, tmp_path: Path) -> None:
    (tmp_path / "phone").write_text("4711\n", encoding="utf-8")
    text = example.replace("${file:/etc/token-gateway/phone}", "${file:phone}")
    text += "".join(line for key, line in NEEDED.items() if not re.search(rf"^{key}:", example, re.MULTILINE))

    assert read(text.encode(), path=tmp_path / "gateway.yaml", env={})


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_that_is_quoted_is_one_that_is_given(error: str) -> None:
    assert error in SAID


def test_every_field_and_leniency_is_named() -> None:
    assert all(f"`{word}`" in SECTIONS["identity"] for word in FIELDS)
    assert all(f"`{word}`" in SECTIONS["routes.lenient"] for word in LENIENCES)


def test_links_lead_somewhere() -> None:
    anchors = {re.sub(r"[^\w-]", "", heading.lower()) for heading in re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)}

    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors
