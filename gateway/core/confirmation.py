"""Does the single sign-on still vouch for this person?

Nobody tells the gateway when somebody has left the organisation. So the tokens of people who sign in elsewhere work
only for a time after they, or the directory's export, were last there.
"""

from datetime import UTC, datetime, timedelta

from gateway.core.owner import Owner
from gateway.core.reason import Reason

_NEVER = datetime.min.replace(tzinfo=UTC)


def confirmed_until(owner: Owner, every: timedelta | None) -> datetime | None:
    """Until when the last confirmation counts; None: none is needed. An SSO user without one was never confirmed."""
    if not owner.sso or every is None:
        return None
    return _NEVER if owner.confirmed_at is None else owner.confirmed_at + every


def confirmation_state(owner: Owner, every: timedelta | None, now: datetime) -> Reason | None:
    """Why the owner's tokens are not usable at `now`; None when they are. Local users and applications need nobody."""
    until = confirmed_until(owner, every)
    return Reason.OWNER_UNCONFIRMED if until is not None and until <= now else None


def confirmation_words(owner: Owner, every: timedelta | None) -> str:
    """What `explain` says of it."""
    if not owner.sso:
        return "no single sign-on has to vouch for the owner"
    until = confirmed_until(owner, every)
    if until is None:
        return "the single sign-on vouches without end"
    return "never confirmed" if owner.confirmed_at is None else f"confirmed until {until:%Y-%m-%d %H:%M:%S} UTC"
