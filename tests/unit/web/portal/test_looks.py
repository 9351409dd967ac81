"""The look: readable for everybody, nothing that the CSP would stop, every text translatable, and small."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import gateway.web.portal

FOLDER = Path(gateway.web.portal.__file__).parent
STYLE = (FOLDER / "static" / "app.css").read_text("utf-8")
SCRIPT = (FOLDER / "static" / "app.js").read_text("utf-8")
TEMPLATES = {
    str(path.relative_to(FOLDER / "templates")): path.read_text("utf-8")
    for path in sorted((FOLDER / "templates").rglob("*.html"))
}
EACH = pytest.mark.parametrize("name", TEMPLATES)
LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))
    for block in re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)
)
TEXT = [
    *((ink, ground) for ink in ("ink", "soft", "accent", "danger") for ground in ("ground", "surface", "sunken")),
    *((kind, f"{kind}-soft") for kind in ("accent", "danger", "warn", "info")),
    *(("ink", f"{kind}-soft") for kind in ("accent", "danger", "warn", "info")),
    ("soft", "accent-soft"),
    ("on-accent", "accent"),
    ("on-danger", "danger"),
]
EDGES = [("edge", "surface"), ("edge", "ground"), ("focus", "surface"), ("focus", "ground"), ("focus", "accent-soft")]
_TAG = re.compile(r"\{#.*?#\}|\{%-?\+? *trans\b.*?endtrans *-?%\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]{2,}")
_SPOKEN = {"alt", "aria-label", "placeholder", "title"}
_ATTRIBUTES = re.compile(r' aria-[a-z]+="[^"]*"(?=\s*$|\s+aria-)', re.MULTILINE)  # written by a macro of its own


def _brightness(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(one * 2 for one in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    bright, dark = sorted((_brightness(one), _brightness(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT, ids=lambda one: one)
def test_text_can_be_read_on_its_ground(theme, ink, ground):
    assert _contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("edge", "ground"), EDGES, ids=lambda one: one)
def test_the_edge_of_a_field_and_of_the_focus_can_be_seen(theme, edge, ground):
    assert _contrast(theme[edge], theme[ground]) >= 3


def test_contrast_is_measured_as_wcag_does():
    assert _contrast("#fff", "#000000") == pytest.approx(21)
    assert _contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


def test_both_themes_name_the_same_colours_and_no_rule_names_another():
    assert set(LIGHT) == set(DARK)
    rules = STYLE[STYLE.index("/* Text */") :]
    assert not re.findall(r"#[0-9a-f]{3,8}\b", rules)
    known = set(LIGHT) | {"shadow", "radius", "mono"}
    assert set(re.findall(r"var\(--([a-z-]+)\)", STYLE)) <= known


def test_style_and_script_are_small_and_load_nothing():
    assert len(STYLE.encode()) < 25_000
    assert len(SCRIPT.encode()) < 10_000
    assert not re.search(r"url\(|@import|https?://", STYLE)
    assert not re.search(r"^import\b|import\(|https?://", SCRIPT, re.MULTILINE)


def test_the_script_writes_no_markup():
    sinks = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|\.srcdoc|setHTML"
    assert not re.search(sinks, SCRIPT)


@EACH
def test_no_template_needs_what_the_csp_forbids(name):
    text = TEMPLATES[name]
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|javascript:|data:[a-z]|https?://(?!app\.example\.org)", text)
    assert set(re.findall(r"<script\b[^>]*>", text)) <= {'<script type="module" src="{{ static("app.js") }}">'}


@EACH
def test_every_template_says_first_what_it_is_and_what_it_takes(name):
    assert TEMPLATES[name].startswith("{# "), name
    is_page = "{% extends" in TEMPLATES[name]
    assert not is_page or "Context" in TEMPLATES[name].partition("#}")[0]


def test_the_sprite_has_every_icon_that_is_named_and_no_other():
    sprite = set(re.findall(r'<symbol id="([a-z0-9-]+)"', (FOLDER / "static" / "vendor" / "icons.svg").read_text()))
    python = "".join(path.read_text("utf-8") for path in FOLDER.rglob("*.py"))
    everything = "".join(TEMPLATES.values()) + python
    named = re.findall(r'(?<![\w.])icon\("([a-z0-9-]+)"\)', everything) + re.findall(
        r'\bicon="([a-z0-9-]+)"', everything
    )
    assert len(named) > 20
    assert set(named) <= sprite <= set(re.findall(r"[\"']([a-z0-9-]+)[\"']", everything))


class _Visible(HTMLParser):
    """Collects what people read or hear, of what is left of a template without its expressions."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += filter(_WORD.search, map(str.strip, data.splitlines()))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        spoken = [value for name, value in attrs if name in _SPOKEN and value]
        self.found += filter(_WORD.search, spoken)


def _untranslated(template: str) -> list[str]:
    left = re.sub(r"\{% set programs = \{.*?\} %\}", "", template, flags=re.DOTALL)
    visible = _Visible()
    visible.feed(_ATTRIBUTES.sub("", _TAG.sub("", left)))
    visible.close()
    return visible.found


@EACH
def test_every_text_of_a_template_can_be_translated(name):
    assert _untranslated(TEMPLATES[name]) == []


def test_a_text_that_cannot_be_translated_is_found():
    assert _untranslated('<p title="Two">One {{ _("Three") }}</p>{% trans %}Four{% endtrans %}') == ["Two", "One"]
