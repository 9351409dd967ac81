"""Days: `"2027-06-30"`, in quotes, which stands for all of that day in UTC."""

import re
from datetime import date
from typing import Annotated

from pydantic import PlainValidator
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
LAST = date(9999, 12, 30)  # so that the day after can be counted


def _day(value: object) -> date:
    mend = 'write a day in quotes, such as "2027-06-30"'
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Fault("{value} is not a day", mend)
    try:
        found = date.fromisoformat(value)
    except ValueError:
        raise Fault("{value} is not in the calendar", mend) from None
    return min(found, LAST)


Day = Annotated[date, PlainValidator(_day), Schema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})]
