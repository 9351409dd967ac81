"""A token as pages show it: its state in one word, and what else a reader wants to know, ready for a template."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gateway.auth.desk import Desk
from gateway.core.lifecycle import token_state
from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.reason import Reason
from gateway.core.token import handle
from gateway.store import TokenEntry

SOON = timedelta(days=14)  # from when on a page says that a token ends soon
LIVE, ENDING = "live", "expires_soon"
ENDED = frozenset({Reason.REVOKED.value, Reason.EXPIRED.value, Reason.IDLE.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenShown:
    """One token. `state`: live, expires_soon, expired, idle, revoked, suspended or owner_disabled.

    `days`: uses by day, today last; None where a page does not show them.
    """

    handle: str
    path: str
    name: str
    kind: str
    owner: str
    owner_path: str
    scopes: Sequence[str]
    state: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    suspended_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    idled_at: datetime | None
    idle: timedelta | None
    networks: Sequence[str]
    hosts: Sequence[str]
    uses: int
    uses_since_rotation: int
    last_used_at: datetime | None
    last_address: str
    version: int
    is_from_rt: bool
    days: Sequence[tuple[date, int]] | None = None

    @property
    def is_ended(self) -> bool:
        """Whether it has ended for good."""
        return self.state in ENDED


def token_path(desk: Desk, token: Token) -> str:
    """The address of a token's page."""
    return f"/tokens/{handle(desk.settings.tokens.brand, token.kind, token.id)}"


def owner_path(owner: Owner) -> str:
    """The address of the page about a user or an application, for who manages them."""
    return f"/{'users' if owner.kind is OwnerKind.USER else 'applications'}/{owner.id}"


def token_shown(desk: Desk, entry: TokenEntry, days: Sequence[tuple[date, int]] | None = None) -> TokenShown:
    """The token of a record."""
    token, usage = entry.token, entry.usage
    return TokenShown(
        handle=handle(desk.settings.tokens.brand, token.kind, token.id),
        path=token_path(desk, token),
        name=token.name,
        kind=token.kind.value,
        owner=entry.owner.login,
        owner_path=owner_path(entry.owner),
        scopes=sorted(token.scopes),
        state=_state(desk, entry),
        created_at=token.created_at,
        created_by=entry.creator,
        expires_at=token.expires_at,
        suspended_at=token.suspended_at,
        revoked_at=token.revoked_at,
        revoked_by=entry.revoker,
        idled_at=token.idled_at,
        idle=token.idle,
        networks=() if token.networks is None else [str(one) for one in token.networks.members],
        hosts=() if token.hosts is None else sorted(token.hosts),
        uses=usage.total,
        uses_since_rotation=usage.since_rotation,
        last_used_at=usage.last_used_at,
        last_address=usage.last_address,
        version=entry.version,
        is_from_rt=entry.is_from_rt,
        days=days,
    )


def _state(desk: Desk, entry: TokenEntry) -> str:
    now, ends = desk.now(), entry.token.expires_at
    reason = token_state(entry.token, entry.owner, now, entry.quiet_since)
    if reason is not None:
        return reason.value
    return ENDING if ends is not None and ends - now <= SOON else LIVE
