"""From a page's data to HTML: Jinja2 with autoescape and no undefined names, one environment a language."""

import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway.web.portal.browser import read_browser
from gateway.web.portal.form import Form
from gateway.web.portal.page import Notice
from gateway.web.portal.static import Static
from gateway.web.portal.times import Times
from gateway.web.portal.words import Languages, Words

BRAND = "Token Gateway"
_PACKAGE = "gateway.web.portal"
_QUOTED = re.compile("`([^`]+)`")
_times: ContextVar[Times] = ContextVar("times")  # of the page that is being made: filters in macros see no context


class Entry(NamedTuple):
    """One entry of the navigation, in the page's language."""

    label: str
    path: str
    icon: str
    group: str
    is_current: bool


class Me(NamedTuple):
    """Whoever is signed in. `permissions` decide which buttons there are; what may be done is the use case's to say."""

    id: str
    login: str
    name: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What is around every page."""

    path: str
    language: str
    nav: Sequence[Entry] = ()
    me: Me | None = None
    notice: Notice | None = None
    is_plain_http: bool = False
    support_contact: str = ""
    brand: str = BRAND


class Look:
    """The templates, the static files and the languages. Made once. `messages`: a folder with other catalogues."""

    def __init__(self, messages: Traversable | None = None) -> None:
        here = files(_PACKAGE)
        self.static = Static(here / "static")
        self.languages = Languages(here / "messages" if messages is None else messages)
        self._environments = {words.language: _environment(words, self.static) for words in self.languages}

    def html(
        self, template: str, *, words: Words, frame: Frame, form: Form, now: datetime, data: Mapping[str, Any]
    ) -> str:
        """The page as text. Whatever is undefined in a template is an error, never an empty place."""
        before = _times.set(Times(words, now))
        try:
            made = self._environments[words.language].get_template(template)
            return made.render({**data, "frame": frame, "form": form})
        finally:
            _times.reset(before)


def quoting(text: str) -> Markup:
    """A text of a use case; what it quotes with backticks, as names of settings, is code on a page."""
    return Markup(_QUOTED.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  escaped before


def folding(path: str) -> Markup:
    """A path that may go on in the next line after a slash."""
    return Markup(str(escape(path)).replace("/", "/<wbr>"))  # noqa: S704  escaped before


def _environment(words: Words, static: Static) -> Environment:
    made = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(words.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.globals["static"] = static.url
    for name in ("ago", "moment", "day", "span", "number"):
        made.filters[name] = _filter(name)
    made.filters["browser"] = read_browser
    made.filters["quoting"] = quoting
    made.filters["folding"] = folding
    return made


def _filter(name: str) -> Callable[[Any], Any]:
    def told(value: Any) -> Any:
        return getattr(_times.get(), name)(value)

    return told
