"""A language in which every text of ours stands in ⟦brackets⟧, and the gateway that speaks it when it is asked for.

    write_catalogue(folder)
    python -m tests.portal.harness.foreign FOLDER serve ...

The catalogue is written from the sources, as somebody who translates would find the texts: where they are
used, and in the tables of words.
"""

import sys
from functools import partial
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from gateway.runtime import portal
from gateway.web.api.codes import STATUS
from gateway.web.portal.advice import ADVICE
from gateway.web.portal.audit_words import ACTIONS
from gateway.web.portal.reason_words import PHRASES, REMEDY
from gateway.web.portal.render import Look
from gateway.web.portal.rows import PAGES
from gateway.web.portal.walk_words import STEPS

LANGUAGE = "eo"
OPEN, CLOSE = "⟦", "⟧"
SOURCES = Path(str(portal.__file__)).parents[1] / "web" / "portal"
_METHODS = [("templates/**.html", "jinja2.ext.babel_extract"), ("**.py", "python")]
_OPTIONS = {"templates/**.html": {"newstyle_gettext": "true"}}
_WORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "words": None, "_words": None, "many": (1, 2)}


def write_catalogue(folder: Path) -> int:
    """Write the one file that a language is; how many texts it has."""
    catalogue = Catalog(locale=LANGUAGE)
    found = extract_from_dir(SOURCES, _METHODS, _OPTIONS, keywords=_WORDS)
    for _, _, message, _, _ in found:
        _add(catalogue, message)
    for page in PAGES:
        if page.link is not None:
            _add(catalogue, page.link.label)
    for text in (*PHRASES.values(), *chain(*ACTIONS.values()), *chain(*STEPS.values()), *ADVICE.values()):
        _add(catalogue, text)
    for reason in REMEDY:
        catalogue.add(reason.value, f"{OPEN}remedy: {reason.value}{CLOSE}", context="remedy")
    for code in STATUS:
        catalogue.add(code, f"{OPEN}refused: {code}{CLOSE}", context="refused")
    with (folder / f"{LANGUAGE}.po").open("wb") as file:
        write_po(file, catalogue)
    return len(catalogue)


def _add(catalogue: Catalog, message: str | tuple[str, ...]) -> None:
    if isinstance(message, str):
        catalogue.add(message, _marked(message))
    else:
        catalogue.add(message, tuple(map(_marked, message)))


def _marked(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


if __name__ == "__main__":
    portal.Look = partial(Look, messages=Path(sys.argv[1]))  # type: ignore[misc, assignment]
    from gateway.cli.main import run

    sys.argv = ["token-gateway", *sys.argv[2:]]
    run()
