"""Where a list goes on, as an opaque text. It carries a place in an order and nothing that anybody may not know, so
whoever tampers with one gets another part of the same list, or a refusal.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

MAX_CURSOR = 512


class BadCursorError(Exception):
    """The text is no cursor of this list."""


def encode(list_name: str, place: Sequence[str | int]) -> str:
    """The cursor of a place in a list."""
    text = json.dumps([list_name, *place], separators=(",", ":"))
    return urlsafe_b64encode(text.encode("ascii")).rstrip(b"=").decode("ascii")


def decode(list_name: str, cursor: str, *shape: type) -> list[str | int]:
    """The place that a cursor says, of exactly these types. BadCursorError."""
    try:
        raw = cursor.encode("ascii")
        found = json.loads(urlsafe_b64decode(raw + b"=" * (-len(raw) % 4)))
    except (ValueError, RecursionError):
        raise BadCursorError from None
    if not isinstance(found, list) or found[:1] != [list_name] or [type(one) for one in found[1:]] != list(shape):
        raise BadCursorError
    place: list[str | int] = found[1:]
    # Beyond 64 bits or with half a surrogate pair, no row has it and no statement takes it.
    for one in place:
        if isinstance(one, int) and not -(2**63) <= one < 2**63:
            raise BadCursorError
        if isinstance(one, str) and ("\0" in one or any("\ud800" <= letter <= "\udfff" for letter in one)):
            raise BadCursorError
    return place
