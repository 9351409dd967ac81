"""What routes are written with: path patterns and host patterns, compiled once from the operator's text.

A literal may be written raw or percent-encoded (`/café`, `/caf%C3%A9`); both are the same pattern. What a request could
not say in one way only (`//`, `..`, `%2F`, `;`, ...) is no pattern: such a route would never match a plain request, and
its writer means something else. Every ValueError says how to mend the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import idna

from gateway.core.readings import read
from gateway.core.target import parse_host

MAX_PATTERN_SEGMENTS: Final = 64
MAX_PATTERN_CHARACTERS: Final = 2_048


class Wild(Enum):
    """A segment of a pattern that matches any one segment of a path that is not empty."""

    STAR = "*"
    LOGIN = "{login}"  # and the route then demands that it is the owner's login


STAR, LOGIN = Wild.STAR, Wild.LOGIN
Segment = str | Wild

_MEND: Final = {
    "encoded_slash": "write `*` for a segment that may hold an encoded slash, and `lenient: [encoded_slash]`",
    "encoded_backslash": "write `*` for a segment that may hold a backslash, and `lenient: [encoded_backslash]`",
    "encoded_dot": "write the dot itself",
    "dot_segments": "write the path that they lead to",
    "double_slash": "write one slash",
    "backslash": "separate segments with `/`",
    "semicolon": "write %3B for the character itself, or leave the parameters out",
    "double_encoding": "write the path percent-encoded once",
    "control": "leave control characters out",
    "invalid_utf8": "write the text in UTF-8",
    "fragment": "write %23 for the character itself, or leave the fragment out",
    "bad_escape": "write %25 for the percent sign itself",
}
_REPLACEMENT: Final = "\ufffd"
_UNICODE_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # RFC 3490, section 3.1


def fold(text: str) -> str:
    """The case folding of Windows file names: upper case, character by character, never one to many."""
    if text.isascii():
        return text.upper()
    return "".join(upper if len(upper := letter.upper()) == 1 else letter for letter in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class PathPattern:
    """A path with whole-segment wildcards: `prefix`, then any number of segments if there is a `suffix`, then that."""

    text: str
    prefix: tuple[Segment, ...]
    suffix: tuple[Segment, ...] | None = None

    @classmethod
    def parse(cls, text: str) -> "PathPattern":
        """Compile a pattern as written. ValueError says what is wrong and how to mend it."""
        if not text.startswith("/"):
            raise ValueError("a path begins with `/`; put one in front, or write `/**` for every path")
        if len(text) > MAX_PATTERN_CHARACTERS:
            raise ValueError(f"a path has at most {MAX_PATTERN_CHARACTERS} characters; use `*` and `**`")
        if "?" in text:
            raise ValueError("a path has no query; leave it out, or write %3F for the character itself")
        parts = text[1:].split("/")
        if len(parts) > MAX_PATTERN_SEGMENTS:
            raise ValueError(f"a path has at most {MAX_PATTERN_SEGMENTS} segments; use `**`")
        if "" in parts[:-1]:
            raise ValueError(f"`//` is read differently by different servers; {_MEND['double_slash']}")
        if parts.count("**") > 1:
            raise ValueError("`**` stands once in a path; write two paths, or `*` for single segments")
        if parts.count("{login}") > 1:
            raise ValueError("`{login}` stands once in a path; write `*` for the others")
        if "**" not in parts:
            return cls(text=text, prefix=tuple(map(_segment, parts)))
        cut = parts.index("**")
        return cls(text=text, prefix=tuple(map(_segment, parts[:cut])), suffix=tuple(map(_segment, parts[cut + 1 :])))

    def __str__(self) -> str:
        return self.text

    @property
    def login_at(self) -> int | None:
        """Where `{login}` stands among the segments of a path, from the front or (negative) from the end."""
        if LOGIN in self.prefix:
            return self.prefix.index(LOGIN)
        if self.suffix is not None and LOGIN in self.suffix:
            return self.suffix.index(LOGIN) - len(self.suffix)
        return None

    def folded(self) -> "PathPattern":
        """The pattern for paths whose segments went through `fold`."""
        return replace(self, prefix=_folded(self.prefix), suffix=None if self.suffix is None else _folded(self.suffix))

    def matches(self, segments: Sequence[str]) -> bool:
        """Whether a path with these segments is meant. The definition; requests are matched through the index."""
        if self.suffix is None:
            return len(segments) == len(self.prefix) and all(map(_stands_for, self.prefix, segments))
        if len(segments) < len(self.prefix) + len(self.suffix):
            return False
        ends = segments[len(segments) - len(self.suffix) :]
        return all(map(_stands_for, self.prefix, segments)) and all(map(_stands_for, self.suffix, ends))


def _stands_for(pattern: Segment, segment: str) -> bool:
    return segment != "" if isinstance(pattern, Wild) else pattern == segment


def _folded(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    return tuple(fold(segment) if isinstance(segment, str) else segment for segment in segments)


def _segment(text: str) -> Segment:
    if text in {"*", "{login}"}:
        return Wild(text)
    if "*" in text:
        raise ValueError("`*` and `**` stand for whole segments; write `*` alone, or %2A for the character itself")
    if "{" in text or "}" in text:
        raise ValueError(
            "`{login}` alone in its segment is the only name in braces; write %7B and %7D for the characters"
        )
    try:
        written = text.replace(" ", "%20").encode()
    except UnicodeEncodeError:
        raise ValueError(f"the path is not text; {_MEND['invalid_utf8']}") from None
    found = read(b"/" + written)
    if found is None:
        raise ValueError("different servers read the path in too many ways; write it plainly")
    if found.leniences:
        kind = min(found.leniences)
        raise ValueError(f"different servers read the path differently ({kind}); {_MEND[kind]}")
    segment = found.all[0].segments[0]
    if _REPLACEMENT in segment:
        raise ValueError(f"many servers read U+FFFD wherever bytes are no text; {_MEND['invalid_utf8']}")
    return segment


def parse_host_pattern(text: str) -> str:
    """The canonical host pattern: a host, `*.` and a host, or `*`. ValueError says what is wrong and how to mend it."""
    if text == "*":
        return text
    wildcard, name = (True, text[2:]) if text.startswith("*.") else (False, text)
    if "*" in name:
        raise ValueError(
            "`*` stands for one whole label in front; write it like `*.example.org`, or `*` for every host"
        )
    if "/" in name or "@" in name:
        raise ValueError("a host is a name alone; leave scheme, user and path out")
    host = parse_host(_ascii(name).encode("ascii"))
    if host is None:
        raise ValueError("not a host name or address; write it like `app.example.org`, `*.example.org` or `[::1]`")
    if ":" in name and not name.endswith("]"):
        raise ValueError("a host has no port here; leave it out, a route holds on every port")
    if wildcard and host.startswith("["):
        raise ValueError("an address has no labels; write it without `*.`")
    return f"*.{host}" if wildcard else host


def covers_host(patterns: frozenset[str], host: str) -> bool:
    """Whether one of these canonical patterns (exact, or `*.` for one label in front) stands for the canonical host."""
    if host in patterns:
        return True
    label, dot, rest = host.partition(".")
    return bool(label and dot) and f"*.{rest}" in patterns


def covers_hosts(patterns: frozenset[str], others: frozenset[str]) -> bool:
    """Whether every host that one of the other canonical patterns stands for is one of these."""
    return all(other in patterns or (not other.startswith("*") and covers_host(patterns, other)) for other in others)


def _ascii(name: str) -> str:
    if name.isascii():
        return name
    try:
        mapped = idna.uts46_remap(name, std3_rules=False, transitional=False)
        labels = _UNICODE_DOTS.split(mapped)
        return ".".join(label if label.isascii() else idna.alabel(label).decode("ascii") for label in labels)
    except idna.IDNAError as fault:
        raise ValueError(f"not a host name ({fault}); write its A-label form (xn--...)") from None
