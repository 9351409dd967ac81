"""Spans and moments as people write them: `90d`, `2027-01-31`, `2027-01-31T12:00:00Z`. The one reading for CLI and API.

Pure. None for whatever is none of these: who asks says in which words that is refused.
"""

import re
from datetime import UTC, datetime, time, timedelta

_SPAN = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def parse_span(text: str) -> timedelta | None:
    """`30s`, `15m`, `12h` or `90d`."""
    found = _SPAN.fullmatch(text)
    return None if found is None else timedelta(seconds=int(found[1]) * _UNIT_S[found[2]])


def parse_past(text: str, now: datetime, *, to_its_end: bool = False) -> datetime | None:
    """A span, which is so long ago; a date, which is its beginning in UTC, or the next one's; or an instant with its
    zone.
    """
    try:
        length = parse_span(text)
        if length is not None:
            return now - length
        if _DATE.fullmatch(text):
            day = datetime.combine(datetime.fromisoformat(text), time(0), UTC)
            return day + timedelta(days=1) if to_its_end else day
        instant = datetime.fromisoformat(text)
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_moment(text: str) -> datetime | None:
    """A date, which is its end in UTC, or an instant with its zone."""
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(datetime.fromisoformat(text), time(23, 59, 59), UTC)
        instant = datetime.fromisoformat(text)
        return None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
