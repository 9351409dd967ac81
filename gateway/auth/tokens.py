"""Use cases about tokens: create, list, look up, rotate, revoke.

Rules that depend on what others do at the same time (the owner is enabled, the name is free) are asked inside the
transaction that makes the change. Secrets are hashed before it, so that nobody waits for argon2 with the store locked.
A secret leaves here once, as a `Secret`, to whoever made it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.hashing import ARGON2ID, PoolFullError, hash_token_secret
from gateway.auth.owners import find_owner, owner_in
from gateway.auth.refused import NOT_FOUND, Refused, did_you_mean
from gateway.core.lifecycle import ExpiryRefused, LifetimePolicy, expiry
from gateway.core.naming import name_flaw
from gateway.core.network import Networks
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token, TokenRecord
from gateway.core.policy import EVERYONE
from gateway.core.token import (
    ENTROPY_BYTES,
    ID_WIDTH,
    Kind,
    Secret,
    compose,
    handle,
    new_id,
    new_secret,
    parse,
    parse_handle,
)
from gateway.store import TokenEntry, TokenState

MAX_GRACE = timedelta(days=7)
MAX_NETWORKS = 64
MAX_COMPARED = 2000  # tokens looked through for a near miss; beyond that it takes too long
KIND_OF = {OwnerKind.USER: Kind.PERSONAL, OwnerKind.APPLICATION: Kind.APPLICATION}


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """A token with the secret that was just made for it. `whole` is shown once, and never again.

    `old_ends_at`: until when the secret before this one still works; None for a token's first.
    """

    token: Token
    owner: Owner
    whole: Secret
    old_ends_at: datetime | None = None
    effect: Effect | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A token as its record tells it: how often it was used, and its secrets, without their hashes."""

    entry: TokenEntry
    secrets: tuple["SecretShown", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown:
    """When a secret was made and when it stops working; None for the current one."""

    created_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """A token that is revoked. `already`: it was so before."""

    token: Token
    owner: Owner
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What became of the tokens that were to be revoked. `effect`: None when none of them was there."""

    revoked: tuple[Revoked, ...]
    unknown: tuple[str, ...]
    effect: Effect | None


async def create_token(
    desk: Desk,
    *,
    actor: str,
    owner_kind: OwnerKind,
    login: str,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str] = (),
    expires: timedelta | datetime | None = None,
    address: str = "",
) -> Minted:
    """Make a token for a user (personal) or an application. `expires`: None the default, `timedelta.max` never."""
    _refuse_name(name)
    _refuse_scopes(desk, scopes)
    allowed_from = _networks(networks)
    kind = KIND_OF[owner_kind]
    ends = _expiry(desk, kind, expires)
    await find_owner(desk, kind=owner_kind, login=login)  # before the work of hashing; asked again below
    token_id = new_id(secrets.token_bytes(ENTROPY_BYTES))
    secret, stored = await _mint(desk, token_id)
    async with desk.store.change(actor=actor, address=address) as change:
        owner = await owner_in(change, desk, kind=owner_kind, login=login)
        _refuse_owner(desk, owner)
        if await change.is_name_taken(owner.id, name):
            raise Refused(
                "name_taken",
                field="name",
                message=f"{owner.login} has a live token of this name",
                mend="choose another name, or revoke or rotate that token",
            )
        token = Token(
            id=token_id,
            kind=kind,
            owner_id=owner.id,
            name=name,
            scopes=frozenset(scopes),
            networks=allowed_from,
            created_at=change.at,
            expires_at=ends,
        )
        await change.add_token(token, stored)
    return Minted(token=token, owner=owner, whole=compose(desk.settings.tokens.brand, kind, token_id, secret))


async def list_tokens(
    desk: Desk,
    *,
    owner_kind: OwnerKind | None = None,
    login: str | None = None,
    state: TokenState | None = None,
) -> Sequence[TokenEntry]:
    """Tokens, oldest first; those of one owner when a login and its kind are given."""
    if login is None or owner_kind is None:
        kind = None if owner_kind is None else KIND_OF[owner_kind]
        return await desk.store.tokens(kind=kind, state=state)
    entry = await find_owner(desk, kind=owner_kind, login=login)
    return await desk.store.tokens(owner_id=entry.owner.id, state=state)


async def show_token(desk: Desk, reference: str) -> Shown:
    """A token by handle or id. Refused `not_found` when there is none."""
    token_id = read_reference(desk, reference)
    entry, record = await desk.store.token(token_id), await desk.store.load_token(token_id)
    if entry is None or record is None:
        await refuse_unknown(desk, reference)
    return Shown(
        entry=entry,
        secrets=tuple(SecretShown(created_at=one.created_at, ends_at=one.ends_at) for one in record.secrets),
    )


async def rotate_token(
    desk: Desk, *, actor: str, reference: str, grace: timedelta = timedelta(0), address: str = ""
) -> Minted:
    """Give a token a new secret. The old one works on for `grace`; with none it is dead when this returns."""
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise Refused(
            "bad_value", field="grace", message="the grace is too long", mend=f"use at most {MAX_GRACE.days} days"
        )
    token_id = read_reference(desk, reference)
    _refuse_ended(await desk.store.load_token(token_id) or await refuse_unknown(desk, reference), desk.now())
    secret, stored = await _mint(desk, token_id)
    async with desk.store.change(actor=actor, address=address) as change:
        record = await change.token(token_id) or await refuse_unknown(desk, reference)
        _refuse_ended(record, change.at)
        _refuse_owner(desk, record.owner)
        ends = change.at + grace
        await change.rotate(token_id, stored, old_ends_at=ends)
    # Also with grace: a secret older than the one in grace ended with this change.
    effect = await effective(desk)
    whole = compose(desk.settings.tokens.brand, record.token.kind, token_id, secret)
    return Minted(token=record.token, owner=record.owner, whole=whole, old_ends_at=ends, effect=effect)


async def revoke_tokens(desk: Desk, *, actor: str, references: Sequence[str], address: str = "") -> Revocation:
    """End tokens for good, each that is there. Returns when no check anywhere can still allow one of them.

    An unknown one does not keep the others alive; what is no handle at all is refused before anything is changed.
    """
    ids = {read_reference(desk, reference): reference for reference in references}
    done: list[Revoked] = []
    unknown: list[str] = []
    async with desk.store.change(actor=actor, address=address) as change:
        for token_id, reference in ids.items():
            record = await change.token(token_id)
            if record is None:
                unknown.append(reference)
                continue
            already = not await change.revoke(token_id)
            done.append(Revoked(token=record.token, owner=record.owner, already=already))
    effect = await effective(desk) if done else None
    return Revocation(revoked=tuple(done), unknown=tuple(unknown), effect=effect)


def read_reference(desk: Desk, text: str) -> str:
    """The id in a handle (`tgp_...`) or a bare id. A whole token is refused: its secret is not to be handed around."""
    brand = desk.settings.tokens.brand
    found = parse_handle(text, brand=brand)
    if found is not None:
        return found[1]
    if parse_handle(handle(brand, Kind.PERSONAL, text), brand=brand) is not None:
        return text
    if parse(text.encode("utf-8", "surrogateescape"), brand=brand) is not None:
        raise Refused(
            "secret_given",
            field="token",
            message="that is a whole token, with its secret, which should not be seen on a command line or in a URL",
            mend="give its handle, the part before the second underscore; to revoke a leaked token, feed it to "
            "`token-gateway token revoke --stdin`",
        )
    raise Refused(
        "bad_value",
        field="token",
        message="that is not a token's handle",
        mend=f"write {handle(brand, Kind.PERSONAL, 'x' * ID_WIDTH)} as `token-gateway token list` shows it",
    )


async def _mint(desk: Desk, token_id: str) -> tuple[Secret, StoredSecret]:
    """A fresh secret, and what is stored of it."""
    key = desk.signing_key()
    secret = new_secret(secrets.token_bytes(ENTROPY_BYTES))
    try:
        hashed = await desk.hashing.run(lambda: hash_token_secret(secret))
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


def _refuse_ended(record: TokenRecord, now: datetime) -> None:
    token = record.token
    if token.revoked_at is not None:
        raise Refused("revoked", field="token", message="the token is revoked, for good", mend="create a new one")
    if token.expires_at is not None and token.expires_at <= now:
        raise Refused("expired", field="token", message="the token has expired", mend="create a new one")


async def refuse_unknown(desk: Desk, reference: str) -> NoReturn:
    """Refused `not_found`, with the nearest token there is, in case of a typo."""
    brand, mend = desk.settings.tokens.brand, "see `token-gateway token list`"
    listed = await desk.store.tokens()
    if len(listed) <= MAX_COMPARED:
        handles = [handle(brand, one.token.kind, one.token.id) for one in listed]
        mend = did_you_mean(reference, handles, otherwise=mend)
    raise Refused(NOT_FOUND, field="token", message=f"there is no token {reference}", mend=mend)


def _refuse_name(name: str) -> None:
    flaw = name_flaw(name)
    if flaw is not None:
        raise Refused("bad_value", field="name", message=f"the token's name {flaw.what}", mend=flaw.mend)


def _refuse_scopes(desk: Desk, scopes: Sequence[str]) -> None:
    known = list(desk.settings.scopes)
    for scope in scopes:
        if scope not in known:
            word = scope if scope.isascii() and scope.isprintable() else "a scope"
            declared = f"declared are: {', '.join(known) or 'none'} (`scopes:`)"
            raise Refused(
                "unknown_scope",
                field="scopes",
                message=f"{word[:64]} is not a declared scope",
                mend=did_you_mean(scope, known, otherwise=declared),
            )


def _networks(texts: Sequence[str]) -> Networks | None:
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


def _expiry(desk: Desk, kind: Kind, wish: timedelta | datetime | None) -> datetime | None:
    tokens = desk.settings.tokens
    lifetimes = tokens.personal if kind is Kind.PERSONAL else tokens.application
    policy = LifetimePolicy(default=lifetimes.default_lifetime, maximum=lifetimes.max_lifetime)
    ends = expiry(wish, policy, desk.now())
    if isinstance(ends, ExpiryRefused):
        raise Refused("expiry", field="expires", message=ends.why, mend="choose another expiry")
    return ends


def _refuse_owner(desk: Desk, owner: Owner) -> None:
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
                message=f"{owner.login} may not have tokens: the permission own_tokens is held by {_listed(holders)}",
                mend="put the user into such a group, or change `permissions:`",
            )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody"
