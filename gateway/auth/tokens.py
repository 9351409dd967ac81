"""Use cases that make a secret: a new token, or another secret for one that lives.

Rules that depend on what others do at the same time (the owner is enabled, the name is free) are asked inside the
transaction that makes the change. Secrets are hashed before it, so that nobody waits for argon2 with the store locked.
A secret leaves here once, as a `Secret`, to whoever made it.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.hashing import ARGON2ID, PoolFullError, hash_token_secret
from gateway.auth.idempotency import Attempt, Made, once
from gateway.auth.owners import find_owner, owner_in
from gateway.auth.power import acting, refuse_beyond, refuse_blind, refuse_lacking
from gateway.auth.refused import Refused
from gateway.auth.token_fields import (
    read_expiry,
    read_hosts,
    read_idle,
    read_networks,
    refuse_ended,
    refuse_name,
    refuse_owner,
    refuse_scopes,
    refuse_too_many,
)
from gateway.auth.token_known import known_in, known_token, read_reference
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
from gateway.core.power import Act, Actor
from gateway.core.token import ENTROPY_BYTES, Kind, Secret, compose, new_id, new_secret
from gateway.store import Change

MAX_GRACE = timedelta(days=7)
MIN_OWN_GRACE = timedelta(seconds=60)  # for a token that rotates itself: the answer with the new secret may get lost
KIND_OF = {OwnerKind.USER: Kind.PERSONAL, OwnerKind.APPLICATION: Kind.APPLICATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A token with the secret that was just made for it. `whole` is shown once, and never again.

    `old_ends_at`: until when the secret before this one still works; None for a token's first. `until_used`: or until
    the first use of this one.
    """

    token: Token
    owner: Owner
    whole: Secret
    old_ends_at: datetime | None = None
    until_used: bool = False
    effect: Effect | None = None


HandOut = Callable[[Minted], None]
"""Given a secret just before it is stored: when it cannot be handed out, what this raises undoes all of it."""


def keep(_: Minted) -> None:
    """Hand nothing out before the use case returns."""


async def create_token(
    desk: Desk,
    *,
    actor: Actor,
    owner_kind: OwnerKind,
    login: str,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str] = (),
    hosts: Sequence[str] = (),
    expires: timedelta | datetime | None = None,
    idle: timedelta | None = None,
    address: str = "",
    attempt: Attempt | None = None,
    hand_out: HandOut = keep,
) -> Minted:
    """Make a token for a user (personal) or an application. `expires`: None the default, `timedelta.max` never.

    `idle`: for how long it may stay unused; None for ever. A token that makes one reaches no farther with it than
    itself; where no expiry is asked for, its own is the latest. An `attempt` that came before gives the token that came
    of it, as it is now, another secret, as long as nobody has used it; the first one's is dead when this returns.
    """
    refuse_name(name)
    refuse_scopes(desk, scopes)
    allowed_from, allowed_on, rest = read_networks(networks), read_hosts(hosts), read_idle(idle)
    kind = KIND_OF[owner_kind]
    ends = read_expiry(desk, kind, expires)
    # Before the work of hashing; all of it is asked again below.
    refuse_blind(desk, actor, Act.MINT_TOKEN, kind=owner_kind, login=login)
    await find_owner(desk, kind=owner_kind, login=login)
    token_id = new_id(secrets.token_bytes(ENTROPY_BYTES))
    secret, stored = await _mint(desk, token_id, actor)
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        refuse_blind(desk, now, Act.MINT_TOKEN, kind=owner_kind, login=login)
        owner = await owner_in(change, desk, kind=owner_kind, login=login)
        refuse_lacking(desk, now, Act.MINT_TOKEN, owner)
        refuse_owner(desk, owner)
        token = Token(
            id=token_id,
            kind=kind,
            owner_id=owner.id,
            name=name,
            scopes=frozenset(scopes),
            networks=allowed_from,
            hosts=allowed_on,
            idle=rest,
            created_at=change.at,
            expires_at=_no_later(ends, now) if expires is None else ends,
        )
        refuse_beyond(now, token)

        async def make() -> Made:
            if await change.is_name_taken(owner.id, name):
                raise Refused(
                    "name_taken",
                    field="name",
                    message=f"{owner.login} has a live token of this name",
                    mend="choose another name, or revoke or rotate that token",
                )
            await refuse_too_many(change, desk, owner)
            return Made(token_id=token_id, secret_row=(await change.add_token(token, stored)).row)

        made = await once(change, attempt, stored, make)
        if made.again:
            token = await _again(change, now, made)
        whole = compose(desk.settings.tokens.brand, kind, made.token_id, secret)
        minted = Minted(token=token, owner=owner, whole=whole)
        hand_out(minted)
    return replace(minted, effect=await effective(desk)) if made.again else minted


async def rotate_token(
    desk: Desk,
    *,
    actor: Actor,
    reference: str,
    grace: timedelta = timedelta(0),
    until_used: bool = False,
    address: str = "",
    attempt: Attempt | None = None,
    hand_out: HandOut = keep,
) -> Minted:
    """Give a token a new secret. The old one works on for `grace`; with none it is dead when this returns.

    `until_used`: the old one works until the first Allow of the new one, which comes only after the store has ended the
    old one; every worker refuses that within the bound. Without any use it ends after seven days. An `attempt` that
    came before puts another new secret in the place of the unused one, and leaves the older one as it is.
    """
    token_id = read_reference(desk, reference)
    _refuse_grace(grace, until_used=until_used, is_itself=actor.token is not None and actor.token.id == token_id)
    known = await known_token(desk, actor, reference, await desk.store.load_token(token_id))
    refuse_ended(known, desk.now())
    secret, stored = await _mint(desk, token_id, actor)
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        record = await known_in(change, desk, now, reference)
        refuse_lacking(desk, now, Act.MINT_TOKEN, record.owner)
        refuse_beyond(now, record.token)
        refuse_ended(record, change.at)
        refuse_owner(desk, record.owner)
        ends = change.at + (MAX_GRACE if until_used else grace)

        async def make() -> Made:
            made = await change.rotate(token_id, stored, old_ends_at=ends, until_used=until_used)
            return Made(token_id=token_id, secret_row=made.row)

        made = await once(change, attempt, stored, make)
        if made.again:
            record = await known_in(change, desk, now, reference)
            ends = max([change.at, *(one.ends_at for one in record.secrets if one.ends_at is not None)])
        whole = compose(desk.settings.tokens.brand, record.token.kind, token_id, secret)
        minted = Minted(token=record.token, owner=record.owner, whole=whole, old_ends_at=ends, until_used=until_used)
        hand_out(minted)
    # Also with grace: a secret older than the one in grace ended with this change.
    return replace(minted, effect=await effective(desk))


def _refuse_grace(grace: timedelta, *, until_used: bool, is_itself: bool) -> None:
    if until_used and grace:
        raise Refused("bad_value", field="grace", message="both a grace and until the first use", mend="choose one")
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise Refused(
            "bad_value", field="grace", message="the grace is too long", mend=f"use at most {MAX_GRACE.days} days"
        )
    if is_itself and not until_used and grace < MIN_OWN_GRACE:
        raise Refused(
            "needs_grace",
            field="grace",
            message="a token that rotates itself must outlive the answer, which may get lost on its way",
            mend=f"give it a grace of {MIN_OWN_GRACE.seconds} seconds or more, or let it end with the first use",
        )


def _no_later(ends: datetime | None, actor: Actor) -> datetime | None:
    """An expiry that nobody asked for, no later than that of the token that acts."""
    latest = None if actor.token is None else actor.token.expires_at
    return ends if latest is None else latest if ends is None else min(ends, latest)


async def _again(change: Change, actor: Actor, made: Made) -> Token:
    """The token of a request that came before. It may have been edited since, beyond what the token that asks has."""
    record = await change.token(made.token_id)
    assert record is not None  # tokens stay for ever
    refuse_beyond(actor, record.token)
    return record.token


async def _mint(desk: Desk, token_id: str, actor: Actor) -> tuple[Secret, StoredSecret]:
    """A fresh secret, and what is stored of it. Whoever makes many at once makes only themselves wait."""
    key = desk.signing_key()
    secret = new_secret(secrets.token_bytes(ENTROPY_BYTES))
    try:
        hashed = await desk.hashing.run(lambda: hash_token_secret(secret), actor.name)
    except PoolFullError:
        raise Refused("busy", message="too many secrets are being hashed", mend="try again in a second") from None
    stored = StoredSecret(
        row=0,
        token_id=token_id,
        scheme=ARGON2ID,
        hash=hashed,
        key_id=key.id,
        tag=key.tag(secret.reveal()),
        created_at=desk.now(),
    )
    return secret, stored
