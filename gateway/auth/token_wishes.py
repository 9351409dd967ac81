"""What a client writes, as values that the use cases take: whose token, `90d`, `2027-01-31`, `never`, an address.

For clients that send text; the command line reads its options the same way (`core.when`).
"""

from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from gateway.auth.refused import Refused
from gateway.core.network import Address
from gateway.core.owner import OwnerKind
from gateway.core.power import Actor
from gateway.core.when import parse_moment, parse_span

NEVER = timedelta.max


def read_expires(text: str) -> timedelta | datetime:
    """When a token is to end: a span from now, a date, an instant, or `never`. Refused `bad_value`."""
    wish = NEVER if text == "never" else parse_span(text) or parse_moment(text)
    if wish is None:
        what, mend = "expires is not a time", "write 90d, 2027-01-31, 2027-01-31T12:00:00Z (with its zone), or never"
        raise Refused("bad_value", field="expires", message=what, mend=mend)
    return wish


def read_span(text: str, field: str, *, none: str) -> timedelta | None:
    """A span; None for the word `none`. Refused `bad_value`."""
    if text == none:
        return None
    found = parse_span(text)
    if found is None:
        what, mend = f"{field} is not a span of time", f"write it like 30s, 15m, 12h or 90d, or {none}"
        raise Refused("bad_value", field=field, message=what, mend=mend)
    return found


def read_moment(text: str, field: str, now: datetime) -> datetime:
    """A span from now, a date, or an instant. Refused `bad_value`."""
    try:
        span = parse_span(text)
        found = parse_moment(text) if span is None else now + span
    except OverflowError:
        found = None
    if found is None:
        what, mend = f"{field} is not a time", "write 30d, 2027-01-31, or 2027-01-31T12:00:00Z"
        raise Refused("bad_value", field=field, message=what, mend=mend)
    return found


def read_address(text: str) -> Address:
    """An IP address, without a zone: that may be any text. Refused `bad_value`."""
    try:
        found = None if "%" in text else ip_address(text)
    except ValueError:
        found = None
    if found is None:
        mend = "write it like 192.0.2.7 or 2001:db8::7"
        raise Refused("bad_value", field="address", message="that is no address", mend=mend)
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def read_owner(actor: Actor, user: str | None, application: str | None) -> tuple[OwnerKind, str]:
    """Whose token is meant: the named user's or application's, or one's own. Refused `bad_value` for two."""
    if user is not None and application is not None:
        what, mend = "a token has one owner", "give user or application, or neither for yourself"
        raise Refused("bad_value", field="application", message=what, mend=mend)
    if user is not None:
        return OwnerKind.USER, user
    if application is not None:
        return OwnerKind.APPLICATION, application
    if actor.owner is None:
        raise Refused("bad_value", field="user", message="whose token is it?", mend="give user or application")
    return actor.owner.kind, actor.owner.login
