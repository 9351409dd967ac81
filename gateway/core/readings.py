r"""How servers read one path differently: every reading that the known rewritings can lead to.

The invariant, in one sentence: **for every server that is built of these rewritings, in any order and any number of
times, with at least one percent-decoding among them, its reading of the path is among `readings`.**

The rewritings: an encoded slash or backslash taken for a separator; a backslash taken for a separator; dot segments
removed (with and without the slash they leave at the end, clamped at the root); `//` merged, or `//name` at the front
taken for a host; `;params` stripped from each segment; decoding again; the path cut at a NUL or at a raw space, or
controls dropped (all, or tabs and newlines); bytes that are no UTF-8 kept, dropped, read as Latin-1, or decoded
leniently (overlong forms); the path cut at a raw `#`; a bad escape kept, dropped, or read as `%uXXXX`. A rewriting that
finds something to do anywhere names its kind of ambiguity; a path in which none does is plain and has one reading.

Data, and never an ambiguity: `%23`, `%3b`, `%3f`, `%20`, a decoded `%` that begins no escape, and every character that
only a Unicode normalisation would turn into another (there is none of that anywhere in the house).

How: a path is a string of symbols, one per byte; what came out of an escape and must be told from its raw twin (space,
`#`, `;`, slash, backslash) is the symbol 0x100 above it. So decoding loses nothing that a later rewriting asks for.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

MAX_READINGS: Final = 64
MAX_STATES: Final = 512
MAX_SYMBOLS: Final = 1 << 15  # over all states: the longest plain path, before and after decoding
MAX_AMBIGUOUS_SYMBOLS: Final = 1 << 12  # what hardly anybody honest sends may cost a few milliseconds at most

_ABOVE: Final = 0x100
_TOLD_APART: Final = b" #;/\\"
_ESCAPED_SLASH, _ESCAPED_BACKSLASH = chr(_ABOVE + ord("/")), chr(_ABOVE + ord("\\"))
_TO_DATA: Final = {_ABOVE + byte: byte for byte in _TOLD_APART}
_DECODED: Final = {
    f"{byte:02x}": chr(byte + _ABOVE) if byte in _TOLD_APART else chr(byte) for byte in range(256)
}  # by the two hex digits, in lower case

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_BAD_ESCAPE_WHOLE = re.compile(r"%(?![0-9A-Fa-f]{2})[^/%]{0,2}")
_UNICODE_ESCAPE = re.compile(r"%[uU]([0-9A-Fa-f]{4})")
_SLASHES = re.compile(r"//+")
_AUTHORITY = re.compile(r"//[^/]*")
_PARAMETERS = re.compile(r";[^/]*")
_TAB_OR_NEWLINE = re.compile(r"[\t\n\r]")  # what WHATWG's URL parser drops
_CONTROL = re.compile(r"[\x00-\x20\x7f]")  # a raw space too: a lenient request line ends there
_DOT_SEGMENT = re.compile(r"/\.\.?(?=/|\Z)")
_VALID = (  # RFC 3629, section 4
    r"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    r"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
_VALID_OR_HIGH = re.compile(rf"(?P<valid>{_VALID})|[\x80-\xff]")


def _valid_or_sequence(follow: str, *leads: tuple[str, int]) -> re.Pattern[str]:
    sequences = "|".join(rf"[{lead}]{follow}{{{count}}}" for lead, count in leads)
    return re.compile(rf"(?P<valid>{_VALID})|{sequences}", re.DOTALL)


_SHORT = (("\xc0-\xdf", 1),)
_LONG = (("\xe0-\xef", 2), ("\xf0-\xf7", 3), ("\xf8-\xfb", 4), ("\xfc-\xfd", 5))
_VALID_OR_LENIENT: Final = tuple(
    _valid_or_sequence(follow, *leads)
    for follow in (r"[\x80-\xbf]", ".")  # some never look at the top bits of what follows: `%c1%1c`
    for leads in (_SHORT, _LONG)
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One server's view of the path: its segments after the leading slash, decoded.

    `/` is `("",)`, `/a/` is `("a", "")`. Bytes that are no UTF-8 are lone surrogates (`surrogateescape`), and come only
    where a leniency is named.
    """

    segments: tuple[str, ...]


class Readings(NamedTuple):
    """All readings, the plain one (decoded once, nothing else) first, and the kinds of ambiguity that led to them."""

    all: tuple[Reading, ...]
    leniences: frozenset[str]


class _State(NamedTuple):
    text: str
    decoded: bool  # at least once


def read(path: bytes, *, weigh: bool = True) -> Readings | None:
    """Every reading of a path that begins with `/`; None when there are too many to weigh. The work is bounded.

    Without `weigh`, an ambiguous path has its plain reading and the first kind of ambiguity found: enough to refuse it
    where no route accepts any, for a hundredth of the work.
    """
    raw = path.decode("latin-1")
    start = _State(raw, "%" not in raw)
    leniences: set[str] = set()
    found = {_segments(_decode(raw)): None}
    seen, todo, symbols = {start}, [start], 0
    while todo:
        state = todo.pop()
        symbols += len(state.text)
        if symbols > MAX_SYMBOLS or len(seen) > MAX_STATES:
            return None
        if state.decoded:
            found[_segments(state.text)] = None
            if len(found) > MAX_READINGS:
                return None
        for kind, rewriting, decoded in _rewritings(state):
            if kind:
                leniences.add(kind)
                if not weigh:
                    return Readings((Reading(next(iter(found))),), frozenset(leniences))
                if symbols > MAX_AMBIGUOUS_SYMBOLS:
                    return None
            text = rewriting(state.text)
            after = _State(text, decoded or "%" not in text)  # where no escape is left, decoding changes nothing
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return Readings(tuple(map(Reading, found)), frozenset(leniences))


def _rewritings(state: _State) -> Iterator[tuple[str, "_Rewriting", bool]]:
    """What can be done to the state: kind of ambiguity (none for the one honest decoding), how, and whether decoded."""
    text, decoded = state
    if "%" in text:
        yield from _unescapings(text, decoded)
    for kind, occurs, rewritings in _REWRITINGS:
        if occurs(text):
            for rewriting in rewritings:
                yield kind, rewriting, decoded


def _unescapings(text: str, decoded: bool) -> Iterator[tuple[str, "_Rewriting", bool]]:
    if not decoded:
        yield "", _decode, True
        if _BAD_ESCAPE.search(text):
            yield "bad_escape", lambda t: _BAD_ESCAPE.sub("", t), False
            yield "bad_escape", lambda t: _BAD_ESCAPE_WHOLE.sub("", t), False
    elif _ESCAPE.search(text):
        yield "double_encoding", _decode, True
    if "%2e" in text or "%2E" in text:
        yield "encoded_dot", _decode, True
    if _UNICODE_ESCAPE.search(text):
        yield "bad_escape", lambda t: _UNICODE_ESCAPE.sub(_unicode_escape, t), decoded


def _decode(text: str) -> str:
    return _ESCAPE.sub(lambda escape: _DECODED[escape[1].lower()], text)


def _unicode_escape(escape: re.Match[str]) -> str:
    return _symbols(int(escape[1], 16)) or escape[0]


def _symbols(codepoint: int) -> str:
    """A decoded character as symbols; empty for what is none (surrogates, beyond Unicode)."""
    if codepoint < 0x80:
        return _DECODED[f"{codepoint:02x}"]
    if codepoint > 0x10FFFF or 0xD800 <= codepoint <= 0xDFFF:
        return ""
    return chr(codepoint).encode().decode("latin-1")


def _segments(text: str) -> tuple[str, ...]:
    parts = text[1:].split("/")
    return tuple(part.translate(_TO_DATA).encode("latin-1").decode("utf-8", "surrogateescape") for part in parts)


def _without_dots(text: str, *, slash_stays: bool) -> str:
    kept: list[str] = []
    parts = text[1:].split("/")
    for part in parts:
        if part == "..":
            del kept[-1:]  # above the root is the root
        elif part != ".":
            kept.append(part)
    if slash_stays and parts[-1] in {".", ".."}:
        kept.append("")  # RFC 3986, section 5.2.4
    return "/" + "/".join(kept)


def _is_not_utf8(text: str) -> bool:
    if text.isascii():
        return False
    try:
        text.translate(_TO_DATA).encode("latin-1").decode()
    except UnicodeDecodeError:
        return True
    return False


def _lenient(found: re.Match[str]) -> str:
    if found["valid"] is not None:
        return found[0]
    lead, *rest = map(ord, found[0])
    codepoint = lead & (0x3F >> len(rest))
    for symbol in rest:
        codepoint = codepoint << 6 | symbol & 0x3F
    return _symbols(codepoint) or found[0]


def _latin1(found: re.Match[str]) -> str:
    return found["valid"] or _symbols(ord(found[0]))


def _only_valid(found: re.Match[str]) -> str:
    return found["valid"] or ""


_Rewriting = Callable[[str], str]
_REWRITINGS: Final[tuple[tuple[str, Callable[[str], bool], tuple[_Rewriting, ...]], ...]] = (
    ("encoded_slash", lambda t: _ESCAPED_SLASH in t, (lambda t: t.replace(_ESCAPED_SLASH, "/"),)),
    ("encoded_backslash", lambda t: _ESCAPED_BACKSLASH in t, (lambda t: t.replace(_ESCAPED_BACKSLASH, "/"),)),
    ("backslash", lambda t: "\\" in t, (lambda t: t.replace("\\", "/"),)),
    (
        "dot_segments",
        lambda t: _DOT_SEGMENT.search(t) is not None,
        (lambda t: _without_dots(t, slash_stays=True), lambda t: _without_dots(t, slash_stays=False)),
    ),
    ("double_slash", lambda t: "//" in t, (lambda t: _SLASHES.sub("/", t),)),
    ("double_slash", lambda t: t.startswith("//"), (lambda t: _AUTHORITY.sub("", t, count=1) or "/",)),
    ("semicolon", lambda t: ";" in t, (lambda t: _PARAMETERS.sub("", t),)),
    ("fragment", lambda t: "#" in t, (lambda t: t.partition("#")[0],)),
    (
        "control",
        lambda t: _CONTROL.search(t) is not None,
        (
            lambda t: t.partition("\0")[0],
            lambda t: t.partition(" ")[0],
            lambda t: _TAB_OR_NEWLINE.sub("", t),
            lambda t: _CONTROL.sub("", t),
        ),
    ),
    (
        "invalid_utf8",
        _is_not_utf8,
        (
            *(partial(pattern.sub, _lenient) for pattern in _VALID_OR_LENIENT),
            lambda t: _VALID_OR_HIGH.sub(_latin1, t),
            lambda t: _VALID_OR_HIGH.sub(_only_valid, t),
        ),
    ),
)

LENIENCES: Final = frozenset(kind for kind, _, _ in _REWRITINGS) | {"encoded_dot", "double_encoding", "bad_escape"}
