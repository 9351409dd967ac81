"""May this token be used now, and until when may a new one live?

Every limit is compared with `now` at each check; nothing here is cached, so a token ends on the instant it says.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.core.owner import Owner, StoredSecret, Token
from gateway.core.patterns import covers_hosts
from gateway.core.reason import Reason

MIN_IDLE = timedelta(days=1)
# Uses are written down every 10 s (auth/usage.py). A token ends this much later than its idle time says, so that it
# never ends while somebody elsewhere is using it.
USES_LAG = timedelta(minutes=1)

T = TypeVar("T", datetime, timedelta)


def token_state(token: Token, owner: Owner, now: datetime, quiet_since: datetime | None = None) -> Reason | None:
    """Why the token is not usable at `now`; None when it is. The final reasons come before those that can pass.

    `quiet_since`: the last use that is known here. Idle by that is not final yet: another process may know of a later
    use, so the store is asked before it is.
    """
    if token.revoked_at is not None:
        return Reason.REVOKED
    if token.idled_at is not None:
        return Reason.IDLE  # by no clock: one that goes back, or lags on another host, does not revive it
    if token.expires_at is not None and token.expires_at <= now:
        return Reason.EXPIRED
    if token.suspended_at is not None:
        return Reason.SUSPENDED
    if not owner.enabled:
        return Reason.OWNER_DISABLED
    return Reason.IDLE if is_idle(token, quiet_since, now) else None


def is_idle(token: Token, quiet_since: datetime | None, now: datetime) -> bool:
    """Whether the token has been unused for too long. Never so without an idle expiry."""
    return token.idle is not None and (quiet_since or token.created_at) + token.idle + USES_LAG <= now


def takes_away(before: Token, after: Token) -> bool:
    """Whether some request that the token may make before is not allowed after. Turned round: whether it gains."""
    return (
        not before.scopes <= after.scopes
        or (after.networks is not None and (before.networks is None or not after.networks.covers(before.networks)))
        or (after.hosts is not None and (before.hosts is None or not covers_hosts(after.hosts, before.hosts)))
        or _is_sooner(after.expires_at, before.expires_at)
        or _is_sooner(after.idle, before.idle)
    )


def _is_sooner(one: T | None, other: T | None) -> bool:
    """None is never."""
    return one is not None and (other is None or one < other)


def secret_state(secret: StoredSecret, now: datetime) -> Reason | None:
    """Why this secret of a token is not usable at `now`: a newer one took over and its grace is over."""
    return Reason.STALE_SECRET if secret.ends_at is not None and secret.ends_at <= now else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LifetimePolicy:
    """How long tokens of a kind live: by default, and at the most (None: without end)."""

    default: timedelta | None
    maximum: timedelta | None


@dataclass(frozen=True, slots=True)
class ExpiryRefused:
    """The wished expiry is not allowed. `why` says so in words, with what would be."""

    why: str


def expiry(wish: timedelta | datetime | None, policy: LifetimePolicy, now: datetime) -> datetime | ExpiryRefused | None:
    """When a token made or edited now ends. `wish` None means the policy's default; `timedelta.max` means never."""
    if wish is None:
        wish = policy.default if policy.default is not None else timedelta.max
    if wish == timedelta.max:
        if policy.maximum is None:
            return None
        return ExpiryRefused(f"a token of this kind must expire, at the latest after {_days(policy.maximum)}")
    try:
        ends = wish if isinstance(wish, datetime) else now + wish
    except OverflowError:
        return ExpiryRefused("the expiry lies beyond the year 9999; ask for `never` where that is allowed")
    if ends <= now:
        return ExpiryRefused("the expiry lies in the past")
    if policy.maximum is not None and ends > now + policy.maximum:
        return ExpiryRefused(f"a token of this kind lives at most {_days(policy.maximum)}")
    return ends


def _days(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=1) else f"{int(span.total_seconds())} seconds"
