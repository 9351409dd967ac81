"""JSON as strictly as two programs that read the same bytes alike have to be (RFC 8259, RFC 7493).

No key twice, no number that is none, no depth to fall into, no text that is no text. Pure.
"""

import json
import re
from typing import Any, NoReturn

MAX_DEPTH = 16
MAX_DIGITS = 20  # of one number: enough for any that a field can hold
# Also one that does not end: a `"` at which no match is found would be looked at again from each `"` behind it.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
_LONG_NUMBER = re.compile(rb"\d{%d}" % (MAX_DIGITS + 1))


class BadJsonError(Exception):
    """Says what is wrong with the text, and repeats nothing of it."""


def parse(raw: bytes) -> Any:
    """The value in the bytes, or BadJsonError. Linear in their number."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadJsonError("it is not UTF-8") from None
    outside = _STRING.sub(b"", raw)
    _refuse_deep(outside)
    if _LONG_NUMBER.search(outside):
        raise BadJsonError(f"a number has more than {MAX_DIGITS} digits")
    try:
        value = json.loads(text, object_pairs_hook=_single, parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        raise BadJsonError(f"{error.msg[:1].lower()}{error.msg[1:]}, at character {error.pos}") from None
    except UnicodeEncodeError:
        raise BadJsonError("it holds half of a surrogate pair") from None
    except (RecursionError, ValueError):
        raise BadJsonError("it cannot be read") from None
    return value


def _refuse_deep(outside: bytes) -> None:
    depth = 0
    for byte in re.findall(rb"[\[\]{}]", outside):
        depth += 1 if byte in b"[{" else -1
        if depth > MAX_DEPTH:
            raise BadJsonError(f"it is nested more than {MAX_DEPTH} deep")


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise BadJsonError("an object has a key twice")
    return found


def _no_number(_name: str) -> NoReturn:
    raise BadJsonError("NaN and Infinity are no numbers of JSON")
