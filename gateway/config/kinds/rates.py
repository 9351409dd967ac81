"""Rates: `60/m`, `10/s burst 50` and, where a key allows it, `unlimited`."""

import re
from typing import Annotated

from pydantic import PlainValidator
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.core.limits import Rate

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PATTERN = "([1-9][0-9]{0,5})/([smhd])(?: burst ([1-9][0-9]{0,5}))?"
_RATE = re.compile(_PATTERN, re.ASCII)


def rate_or_unlimited(value: object) -> Rate | None:
    """`N/s`, `N/m`, `N/h` or `N/d`, with `burst M` where at once another number than N may pass; None for no limit."""
    if value == "unlimited":
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise Fault("{value} is not a rate", "write such as 10/s, 60/m or 10/s burst 50, or unlimited")
    count = int(found[1])
    return Rate(burst=int(found[3] or count), period_s=_UNITS[found[2]] / count)


def rate_text(rate: Rate | None) -> str:
    """A way to write the rate."""
    if rate is None:
        return "unlimited"
    for unit, seconds in _UNITS.items():
        count = round(seconds / rate.period_s)
        if count and seconds / count == rate.period_s:
            return f"{count}/{unit}" if count == rate.burst else f"{count}/{unit} burst {rate.burst}"
    raise ValueError(f"not a rate that can be written: {rate}")


MaxRate = Annotated[
    Rate | None, PlainValidator(rate_or_unlimited), Schema({"type": "string", "pattern": f"^({_PATTERN}|unlimited)$"})
]
