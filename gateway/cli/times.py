"""Times as people write and read them: `90d`, `2027-01-31`, `never`; "3 days ago", "in 2 hours"."""

from datetime import UTC, datetime, timedelta

from gateway.cli.failure import Failure
from gateway.core.when import parse_moment, parse_past, parse_span

NEVER = timedelta.max

_STEPS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def span(text: str, option: str) -> timedelta:
    """Read `30s`, `15m`, `12h` or `90d`; `0` is none at all."""
    if text == "0":
        return timedelta(0)
    found = parse_span(text)
    if found is None:
        raise Failure(f"{option} is not a span of time", "write it like 30s, 15m, 12h or 90d")
    return found


def expiry_wish(text: str | None, option: str = "--expires") -> timedelta | datetime | None:
    """Read a span, a date (its end in UTC), an instant with its zone, or `never`; None stays the policy's default."""
    if text is None:
        return None
    if text == "never":
        return NEVER
    length = parse_span(text)
    wish = parse_moment(text) if length is None else length
    if wish is None:
        raise Failure(
            f"{option} is not a time", "write 90d, 2027-01-31, 2027-01-31T12:00:00Z (with its zone), or never"
        )
    return wish


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
    found = parse_past(text, datetime.now(UTC), to_its_end=to_its_end)
    if found is not None:
        return found
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
