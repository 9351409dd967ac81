"""What the fields of a token may hold, asked by every use case that sets one: policy, limits, the owner's rights.

Each function returns the value as the store takes it, or refuses with the field's name.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from gateway.auth.desk import Desk
from gateway.auth.refused import Refused, did_you_mean
from gateway.core.lifecycle import MIN_IDLE, ExpiryRefused, LifetimePolicy, expiry
from gateway.core.naming import holds_token, name_flaw, without_tokens
from gateway.core.network import Networks
from gateway.core.owner import Owner, OwnerKind, TokenRecord
from gateway.core.patterns import parse_host_pattern
from gateway.core.policy import EVERYONE
from gateway.core.token import Kind
from gateway.store import Change

MAX_NETWORKS = 64
MAX_HOSTS = 64
MAX_IDLE = timedelta(days=3660)


def refuse_name(name: str) -> None:
    """Refuse what is no name."""
    flaw = name_flaw(name)
    if flaw is not None:
        raise Refused("bad_value", field="name", message=f"the token's name {flaw.what}", mend=flaw.mend)


def refuse_scopes(desk: Desk, scopes: Collection[str]) -> None:
    """Refuse scopes that are not declared."""
    known = list(desk.settings.scopes)
    for scope in scopes:
        if scope not in known:
            word = scope if scope.isascii() and scope.isprintable() else "a scope"
            declared = f"declared are: {', '.join(known) or 'none'} (`scopes:`)"
            raise Refused(
                "unknown_scope",
                field="scopes",
                message=f"{without_tokens(word)[:64]} is not a declared scope",
                mend=did_you_mean(scope, known, otherwise=declared),
            )


def read_networks(texts: Sequence[str]) -> Networks | None:
    """The networks; None, for anywhere, when there are none."""
    if not texts:
        return None
    if len(texts) > MAX_NETWORKS:
        raise Refused("bad_value", field="networks", message="too many networks", mend=f"use at most {MAX_NETWORKS}")
    try:
        return Networks.of(dict.fromkeys(texts))
    except ValueError:
        raise Refused(
            "bad_value",
            field="networks",
            message="a network is not an address or a network without host bits",
            mend="write 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32",
        ) from None


def read_hosts(texts: Sequence[str]) -> frozenset[str] | None:
    """The canonical host patterns; None, for every host, when there are none or `*` is one."""
    if len(texts) > MAX_HOSTS:
        raise Refused("bad_value", field="hosts", message="too many hosts", mend=f"use at most {MAX_HOSTS}")
    if any(map(holds_token, texts)):
        what, mend = "a host holds a whole token", "name a host, and revoke that token: it may be known by now"
        raise Refused("bad_value", field="hosts", message=what, mend=mend)
    try:
        hosts = frozenset(map(parse_host_pattern, texts))
    except ValueError as error:
        what, _, mend = str(error).partition("; ")
        raise Refused("bad_value", field="hosts", message=what, mend=mend) from None
    return None if not hosts or "*" in hosts else hosts


def read_expiry(desk: Desk, kind: Kind, wish: timedelta | datetime | None) -> datetime | None:
    """When a token that is made or edited now ends, by the policy of its kind. None: never."""
    tokens = desk.settings.tokens
    lifetimes = tokens.personal if kind is Kind.PERSONAL else tokens.application
    policy = LifetimePolicy(default=lifetimes.default_lifetime, maximum=lifetimes.max_lifetime)
    ends = expiry(wish, policy, desk.now())
    if isinstance(ends, ExpiryRefused):
        raise Refused("expiry", field="expires", message=ends.why, mend="choose another expiry")
    return ends


def read_idle(wish: timedelta | None) -> timedelta | None:
    """How long the token may stay unused; None, for ever, for None and `timedelta.max`."""
    if wish is None or wish == timedelta.max:
        return None
    if not MIN_IDLE <= wish <= MAX_IDLE:
        mend = f"use at least {MIN_IDLE.days} day and at most {MAX_IDLE.days} days"
        raise Refused("bad_value", field="idle", message="that is no time for a token to stay unused", mend=mend)
    return wish


def refuse_owner(desk: Desk, owner: Owner) -> None:
    """Refuse an owner who may not have tokens now."""
    if not owner.enabled:
        raise Refused(
            "owner_disabled",
            field="owner",
            message=f"{owner.login} is disabled",
            mend="enable it first, if it may have tokens",
        )
    if owner.kind is OwnerKind.USER:
        holders = desk.settings.permissions.own_tokens
        if EVERYONE not in holders and not set(holders) & set(owner.groups):
            raise Refused(
                "permission",
                field="owner",
                message=f"{owner.login} may not have tokens: the permission own_tokens is held by "
                f"{', '.join(holders) or 'nobody'}",
                mend="put the user into such a group, or change `permissions:`",
            )


async def refuse_too_many(change: Change, desk: Desk, owner: Owner) -> None:
    """Refuse one more token of an owner who has as many as the policy lets live. Suspended ones can be resumed, so
    they count.
    """
    tokens, kind = desk.settings.tokens, "personal" if owner.kind is OwnerKind.USER else "application"
    most = (tokens.personal if owner.kind is OwnerKind.USER else tokens.application).max_per_owner
    if most is not None and await change.unended_of(owner.id) >= most:
        raise Refused(
            "too_many_tokens",
            message=f"{owner.login} has {most} tokens that live, or more, and may have no further one",
            mend=f"revoke one that nobody uses; `tokens.{kind}.max_per_owner` says how many there may be",
        )


def refuse_ended(record: TokenRecord, now: datetime) -> None:
    """Refuse a token whose end is final."""
    token = record.token
    if token.revoked_at is not None:
        raise Refused("revoked", field="token", message="the token is revoked, for good", mend="create a new one")
    if token.idled_at is not None:
        what = "the token ended because it was not used"
        raise Refused("expired", field="token", message=what, mend="create a new one")
    if token.expires_at is not None and token.expires_at <= now:
        raise Refused("expired", field="token", message="the token has expired", mend="create a new one")
