"""The languages of the pages: English is in the sources, each other language is one catalogue `messages/<tag>.po`.

A message of a use case is looked up by its code, with the context `refused`: its English words hold values.
"""

from collections.abc import Iterator, Mapping
from gettext import NullTranslations
from importlib.resources.abc import Traversable
from io import BytesIO

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from gateway.auth.refused import Refused
from gateway.web.portal.advice import advice

ENGLISH = "en"
# Words that begin a sentence. Another first word may be a value, such as a name, and stays as it is.
_STARTS = {"a", "all", "an", "at", "both", "choose", "login", "no", "nobody", "nothing", "that", "the", "there", "this"}
_STARTS |= {"tokens", "too", "whose", "you", "your"}


class Words:
    """One language."""

    def __init__(self, language: str, catalogue: NullTranslations) -> None:
        self.language = language
        self.locale = Locale.parse(language, sep="-")
        self.catalogue = catalogue

    def __call__(self, text: str, **values: object) -> str:
        """A text of ours, with its values."""
        found: str = self.catalogue.gettext(text)
        return found % values if values else found

    def many(self, one: str, more: str, n: int, **values: object) -> str:
        """A text that depends on a number, which is `%(n)s` in it."""
        return self.catalogue.ngettext(one, more, n) % {"n": n, **values}

    def refused(self, refused: Refused) -> str:
        """What a use case says, and how to mend it."""
        told = self.catalogue.pgettext("refused", refused.code)
        if told != refused.code:
            return told
        mend = advice(refused)
        return _sentence(refused.message, self(mend) if mend else "")  # no text is also the name of a catalogue's head


class Languages:
    """All there are. Read once, at the start."""

    def __init__(self, folder: Traversable) -> None:
        self._all: Mapping[str, Words] = {ENGLISH: Words(ENGLISH, NullTranslations()), **_read(folder)}

    def best(self, accepted: str) -> Words:
        """The language for an `Accept-Language`: the first of the wanted ones that is here, else English."""
        for wanted in _wanted(accepted):
            for tag in (wanted, wanted.partition("-")[0]):
                if tag in self._all:
                    return self._all[tag]
        return self._all[ENGLISH]

    def __iter__(self) -> Iterator[Words]:
        return iter(self._all.values())


def _read(folder: Traversable) -> Mapping[str, Words]:
    found: dict[str, Words] = {}
    if not folder.is_dir():  # English alone
        return found
    for file in folder.iterdir():
        tag, dot, ending = file.name.rpartition(".")
        if dot and ending == "po":
            with file.open("rb") as opened:
                catalogue = read_po(opened, locale=tag.replace("-", "_"), abort_invalid=True)
            compiled = BytesIO()
            write_mo(compiled, catalogue)
            compiled.seek(0)
            found[tag.lower()] = Words(tag, Translations(compiled))
    return found


def _wanted(accepted: str) -> list[str]:
    """The tags of the header, the most wanted first (RFC 9110 section 12.5.4)."""
    ranked = []
    for part in accepted[:256].split(","):
        tag, _, rest = part.partition(";")
        weight = rest.strip().removeprefix("q=") or "1"
        try:
            ranked.append((-float(weight), tag.strip().lower()))
        except ValueError:
            continue
    return [tag for weight, tag in sorted(ranked, key=lambda one: one[0]) if weight < 0 and tag]


def _sentence(message: str, mend: str) -> str:
    is_ours = message.partition(" ")[0] in _STARTS
    text = message[:1].upper() + message[1:] if is_ours else message
    whole = f"{text}: {mend}" if mend else text
    return whole if whole.endswith("?") else f"{whole}."
