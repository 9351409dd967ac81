"""May a person have this password? Length, and whether it is among those that are tried first (NIST SP 800-63B).

No rules of composition, and no expiry: they make people choose worse ones. Spaces and every script are welcome.
"""

import unicodedata
from collections.abc import Iterable

from gateway.core.naming import Flaw
from gateway.core.password_words import WORDS

MIN_LENGTH, MAX_LENGTH = 12, 1024  # characters as they were typed
MIN_OWN = 8  # characters that are not of words, names, rows and repeats that everybody tries
MIN_DIFFERENT = 5
MIN_WORD, MIN_RUN = 3, 4

# Controls, lone surrogates, private and unassigned characters: not typed, or not the same after an update of Unicode.
_REFUSED = frozenset({"Cc", "Cs", "Co", "Cn"})
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "qwertzuiop",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
    "1qaz2wsx3edc4rfv5tgb",
    "1q2w3e4r5t6z7u8i9o0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
    '!"§$%&/()=',
)
_RUNS = frozenset(
    way[at : at + MIN_RUN] for row in _ROWS for way in (row, row[::-1]) for at in range(len(way) - MIN_RUN + 1)
)
_WRITTEN_AS = (str.maketrans("01345789@$!", "oieastbqasi"), str.maketrans("01345789@$!", "olegstbgasl"))
_MEND = "choose a longer one that nobody would guess, such as four or more words that do not belong together"


def normal(text: str) -> str:
    """The form that is hashed: NFKC, so that a password typed on another keyboard is the same one (SP 800-63B)."""
    return unicodedata.normalize("NFKC", text)


def too_long(text: str) -> bool:
    """Whether it is refused before anything is done with it: hashing must not be a way to keep us busy (corpus D11)."""
    return len(text) > MAX_LENGTH


def password_flaw(text: str, *, context: Iterable[str]) -> Flaw | None:
    """What is wrong with a new password; None when nothing is. Never repeats it.

    `context` are words that stand near the person: login, name, address, the service's name and host.
    """
    if too_long(text):
        return Flaw(f"has more than {MAX_LENGTH} characters", "choose a shorter one")
    if any(unicodedata.category(character) in _REFUSED for character in text):
        return Flaw("contains a character that cannot be typed everywhere", "leave out control characters")
    plain = normal(text)
    if min(len(text), len(plain)) < MIN_LENGTH:
        return Flaw(f"is shorter than {MIN_LENGTH} characters", _MEND)
    low = plain.casefold()[:MAX_LENGTH]  # one character can become eighteen
    if len(set(low)) < MIN_DIFFERENT:
        return Flaw(f"has fewer than {MIN_DIFFERENT} different characters", _MEND)
    if _repeats(low):
        return Flaw("is one piece said again and again", _MEND)
    if _own_characters(low, _words(context)) < MIN_OWN:
        return Flaw("is made of what is tried first: common words, names, years, rows of keys", _MEND)
    return None


def _words(context: Iterable[str]) -> frozenset[str]:
    """Every part of the context, and each part without what is between its letters."""
    near: set[str] = set()
    for text in context:
        low = normal(text).casefold()
        parts = "".join(character if character.isalnum() else " " for character in low).split()
        near |= {low, "".join(parts), *parts}
    return WORDS | {word for word in near if len(word) >= MIN_WORD}


def _repeats(text: str) -> bool:
    """Whether the text is a shorter one written at least twice, its last time perhaps cut off."""
    return any(text == (text[:size] * (len(text) // size + 1))[: len(text)] for size in range(1, len(text) // 2 + 1))


def _own_characters(low: str, words: frozenset[str]) -> int:
    """How many characters are of no word, year, row of keys or repeat."""
    known = [False] * len(low)
    for spelled in (low, *(low.translate(table) for table in _WRITTEN_AS)):
        for word in words:
            _mark(known, spelled, word)
    for at in range(len(low) - MIN_RUN + 1):
        piece = low[at : at + MIN_RUN]
        if piece in _RUNS or len(set(piece)) == 1 or _is_year(piece):
            known[at : at + MIN_RUN] = [True] * MIN_RUN
    return known.count(False)


def _mark(known: list[bool], text: str, word: str) -> None:
    at = text.find(word)
    while at >= 0:
        known[at : at + len(word)] = [True] * len(word)
        at = text.find(word, at + 1)


def _is_year(piece: str) -> bool:
    return piece.isdecimal() and piece[:2] in {"19", "20"}
