"""What people may write into a field: the character rules of logins, groups, scopes, names and e-mail addresses.

These values end in HTTP headers, log lines, terminals and pages of programs that we do not know. So the rules hold at
the door, wherever a value comes from (CLI, API, import, SSO), and a value that breaks one is refused, never repaired.
"""

import re
import unicodedata
from typing import NamedTuple

MAX_LABEL = 64
MAX_NAME = 100  # characters; at most 4 bytes each, percent-encoded threefold: a header stays under 2 kB (corpus H21)
MAX_EMAIL = 254  # RFC 5321 section 4.5.3.1.3, without the angle brackets

_LABEL = re.compile(r"[A-Za-z0-9._@+/:-]{1,64}", re.ASCII)
_NOT_IN_LABEL = re.compile(r"[^A-Za-z0-9._@+/:-]", re.ASCII)
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*", re.ASCII)
# Controls, lone surrogates, invisible and direction-changing marks, line and paragraph separators, unassigned and
# private characters: each shows as nothing, or as something else than it is.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"})
# A token that somebody pasted into the wrong field: names are in logs, mails, headers and the audit. Ours, and RT's.
_TOKEN = re.compile(r"[a-z]{2}[pa]_[0-9A-Za-z]{11}_[0-9A-Za-z]{38}|1-[1-9][0-9]{0,17}-[0-9a-f]{32}", re.ASCII)
RESERVED_GROUPS = frozenset({"everyone"})  # `everyone` in `permissions` means all; a group of that name would be a trap


class Flaw(NamedTuple):
    """What is wrong with a value, and how to mend it. Never repeats the value."""

    what: str
    mend: str


def label_flaw(text: str) -> Flaw | None:
    """The rule of logins, application names, groups, organisations and scopes. None when it holds."""
    if not text:
        return Flaw("is empty", "give it a value")
    if len(text) > MAX_LABEL:
        return Flaw(f"has {len(text)} characters", f"use at most {MAX_LABEL}")
    odd = _NOT_IN_LABEL.search(text)
    if odd is not None:
        return Flaw(f"contains {_shown(odd[0])}", "use only letters A-Z a-z, digits and . _ @ + / : -")
    if not text.strip("."):
        return Flaw("consists of dots only", "a path segment of dots is never a name; choose another")
    return _token_flaw(text)


def group_flaw(text: str) -> Flaw | None:
    """The rule of group names: a label, and not a word with a meaning of its own."""
    if text.casefold() in RESERVED_GROUPS:
        return Flaw("is a reserved word", "everyone is in it already; leave it away")
    return label_flaw(text)


def name_flaw(text: str, *, required: bool = True) -> Flaw | None:
    """The rule of names for people to read: any script, 1 to 100 characters on one line, nothing invisible."""
    if not text:
        return Flaw("is empty", "give it a name that says what it is for") if required else None
    if len(text) > MAX_NAME:
        return Flaw(f"has {len(text)} characters", f"use at most {MAX_NAME}")
    for character in text:
        category = unicodedata.category(character)
        if category in _REFUSED_CATEGORIES:
            return Flaw(f"contains {_shown(character)}", "use only characters that can be seen")
        if category == "Zs" and character != " ":
            return Flaw(f"contains {_shown(character)}", "use the plain space")
    if text != text.strip(" "):
        return Flaw("starts or ends with a space", "remove it")
    return _token_flaw(text)


def holds_token(text: str) -> bool:
    """Whether a whole token, with its secret, is in the text; of whatever brand, or of Request Tracker."""
    return _TOKEN.search(text) is not None


def without_tokens(text: str) -> str:
    """The text with every whole token cut down to its handle, for words that repeat what somebody gave."""

    def cut(found: re.Match[str]) -> str:
        public, mark, _ = found[0].rpartition("_" if "_" in found[0] else "-")
        return f"{public}{mark}***"

    return _TOKEN.sub(cut, text)


def _token_flaw(text: str) -> Flaw | None:
    if not holds_token(text):
        return None
    return Flaw("holds a whole token", "name it otherwise, and revoke that token: it may be known by now")


def email_flaw(text: str) -> Flaw | None:
    """The rule of e-mail addresses (RFC 5321 dot-string, ASCII); empty means none is known."""
    if not text:
        return None
    if len(text) > MAX_EMAIL:
        return Flaw(f"has {len(text)} characters", f"use at most {MAX_EMAIL}")
    local, at, domain = text.rpartition("@")
    if not at or len(local) > 64 or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return Flaw("is not an e-mail address", "write it as name@example.org")
    return None


def printable(text: str) -> str:
    """The text with everything that could move a terminal's cursor or hide made visible, for values from outside."""
    return "".join(
        character if unicodedata.category(character) not in _REFUSED_CATEGORIES else f"<U+{ord(character):04X}>"
        for character in text
    )


def _shown(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "")
    if unicodedata.category(character) in _REFUSED_CATEGORIES | {"Zs"}:
        return f"{code} ({name})" if name else code
    return f"{character!r} ({code})"
