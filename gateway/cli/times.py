"""Times as people write and read them: `90d`, `2027-01-31`, `never`; "3 days ago", "in 2 hours"."""

import re
from datetime import UTC, datetime, time, timedelta

from gateway.cli.failure import Failure

NEVER = timedelta.max

_SPAN = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_STEPS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def span(text: str, option: str) -> timedelta:
    """Read `30s`, `15m`, `12h` or `90d`; `0` is none at all."""
    if text == "0":
        return timedelta(0)
    found = _SPAN.fullmatch(text)
    if found is None:
        raise Failure(f"{option} is not a span of time", "write it like 30s, 15m, 12h or 90d")
    return timedelta(seconds=int(found[1]) * _UNIT_S[found[2]])


def expiry_wish(text: str | None, option: str = "--expires") -> timedelta | datetime | None:
    """Read a span, a date (its end in UTC), an instant with its zone, or `never`; None stays the policy's default."""
    if text is None:
        return None
    if text == "never":
        return NEVER
    if _SPAN.fullmatch(text):
        return span(text, option)
    try:
        if _DATE.fullmatch(text):
            return datetime.combine(datetime.fromisoformat(text), time(23, 59, 59), UTC)
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise Failure(
            f"{option} is not a time", "write 90d, 2027-01-31, 2027-01-31T12:00:00Z (with its zone), or never"
        )
    return instant.astimezone(UTC)


def idle_wish(text: str | None) -> timedelta | None:
    """Read how long a token may stay unused, or `none`, which is `NEVER`; None stays None."""
    if text is None:
        return None
    return NEVER if text == "none" else span(text, "--idle")


def moment(text: str, option: str, now: datetime) -> datetime:
    """Read a span from now, a date, or an instant with its zone."""
    wish = expiry_wish(text, option)
    if wish is None or wish == NEVER:
        raise Failure(f"{option} needs a time", "write 30d, 2027-01-31, or 2027-01-31T12:00:00Z")
    if isinstance(wish, datetime):
        return wish
    try:
        return now + wish
    except OverflowError:
        raise Failure(f"{option} lies beyond the year 9999", "write a nearer time") from None


def past(text: str, option: str, *, to_its_end: bool = False) -> datetime:
    """Read a span (so long ago), a date (its beginning in UTC, or the next one's), or an instant with its zone."""
    try:
        if _SPAN.fullmatch(text):
            return datetime.now(UTC) - span(text, option)
        if _DATE.fullmatch(text):
            day = datetime.combine(datetime.fromisoformat(text), time(0), UTC)
            return day + timedelta(days=1) if to_its_end else day
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise Failure(f"{option} is not a time", "write 7d, 2026-11-01, or 2026-11-01T12:00:00Z (with its zone)")


def relative(when: datetime, now: datetime) -> str:
    """How far away a moment is, to the nearest minute: "3 days ago", "in 2 hours", "just now"."""
    seconds = (when - now).total_seconds()
    distance_s = round(abs(seconds) / 60) * 60
    for unit, name in _STEPS:
        count = distance_s // unit
        if count:
            words = f"{count} {name}{'' if count == 1 else 's'}"
            return f"in {words}" if seconds > 0 else f"{words} ago"
    return "in less than a minute" if seconds > 0 else "just now"


def in_words(length: timedelta) -> str:
    """A span as people say it: "30 days", "36 hours"."""
    seconds = int(length.total_seconds())
    for unit, name in _STEPS:
        if seconds % unit == 0 and seconds >= unit:
            count = seconds // unit
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


def exact(when: datetime) -> str:
    """A moment to the second, in UTC."""
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
