"""Durations: `90d`, `12h`, `30m`, `10s` and, where a key allows it, `unlimited` or `never`."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from pydantic import PlainValidator
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DURATION = re.compile(r"([1-9][0-9]{0,8})([dhms])", re.ASCII)
MAX_DURATION = timedelta(days=36500)


def duration(value: object) -> timedelta:
    """`90d`, `12h`, `30m` or `10s`; at most 36500d, so that a date can always be counted from it."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Fault("{value} is not a duration", "write a whole number with d, h, m or s, such as 90d or 12h")
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if length > MAX_DURATION:
        raise Fault("{value} is longer than 36500d", "write a shorter one")
    return length


def duration_text(length: timedelta) -> str:
    """The shortest way to write a duration."""
    seconds = int(length.total_seconds())
    for unit, width in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % width == 0:
            return f"{seconds // width}{unit}"
    return f"{seconds}s"


def _duration_or(word: str) -> Callable[[object], timedelta | None]:
    """What reads a duration, or the word, which is None."""

    def read(value: object) -> timedelta | None:
        if value == word:
            return None
        try:
            return duration(value)
        except Fault as fault:
            raise Fault(fault.what, f"{fault.mend}, or {word}") from None

    return read


Duration = Annotated[
    timedelta, PlainValidator(duration), Schema({"type": "string", "pattern": "^[1-9][0-9]{0,8}[dhms]$"})
]
MaxDuration = Annotated[
    timedelta | None,
    PlainValidator(_duration_or("unlimited")),
    Schema({"type": "string", "pattern": "^([1-9][0-9]{0,8}[dhms]|unlimited)$"}),
]
DurationOrNever = Annotated[
    timedelta | None,
    PlainValidator(_duration_or("never")),
    Schema({"type": "string", "pattern": "^([1-9][0-9]{0,8}[dhms]|never)$"}),
]
