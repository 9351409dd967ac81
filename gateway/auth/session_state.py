"""Whether a session holds at a moment, and whether its password was typed lately: asked at every look-up, and again in
every change that somebody makes through it.
"""

from datetime import datetime, timedelta

from gateway.config.portal_schema import PortalSession
from gateway.core.owner import Owner
from gateway.store import SessionRow, SignedInBy

SEEN_EVERY = timedelta(minutes=1)  # how exactly it is written down that a session is used


def ends_at(session: SessionRow, limits: PortalSession) -> datetime:
    """When a session ends at the latest: as it began, or earlier where the limit has become shorter since."""
    return min(session.expires_at, session.created_at + limits.lifetime)


def holds(session: SessionRow, owner: Owner, now: datetime, limits: PortalSession) -> bool:
    """Whether a session still holds, by the limits of now. One from the future does not: the clock was set back, or the
    row is not ours.
    """
    if not owner.enabled or (session.how is SignedInBy.SSO) is not owner.sso:
        return False
    if now >= ends_at(session, limits) or now >= session.last_seen_at + limits.idle:
        return False
    return now >= session.created_at - SEEN_EVERY


def is_proven(how: SignedInBy, proof_at: datetime | None, now: datetime, max_age: timedelta | None) -> bool:
    """Whether the password need not be typed again before something that matters (PARITY R11, R12).

    `max_age`: how long one that was typed counts; None: for ever. People who signed in elsewhere have none.
    """
    if how is SignedInBy.SSO or max_age is None:
        return True
    return proof_at is not None and timedelta(0) <= now - proof_at <= max_age
