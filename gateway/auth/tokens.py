"""Use cases about tokens: create, list, look up, rotate, revoke.

Rules that depend on what others do at the same time (the owner is enabled, the name is free) are asked inside the
transaction that makes the change. Secrets are hashed before it, so that nobody waits for argon2 with the store locked.
A secret leaves here once, as a `Secret`, to whoever made it.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.hashing import ARGON2ID, PoolFullError, hash_token_secret
from gateway.auth.owners import find_owner, owner_in
from gateway.auth.refused import NOT_FOUND, Refused, did_you_mean
from gateway.auth.token_fields import (
    read_expiry,
    read_hosts,
    read_idle,
    read_networks,
    refuse_ended,
    refuse_name,
    refuse_owner,
    refuse_scopes,
)
from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token
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
from gateway.store import TokenEntry, TokenFilter, TokenState

MAX_GRACE = timedelta(days=7)
MAX_COMPARED = 2000  # tokens looked through for a near miss; beyond that it takes too long
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A token as its record tells it: how often it was used, and its secrets, without their hashes."""

    entry: TokenEntry
    secrets: tuple["SecretShown", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown:
    """When a secret was made and when it stops working; None for the current one.

    `until_used`: or with the first use of the current one.
    """

    created_at: datetime
    ends_at: datetime | None
    until_used: bool = False


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
    hosts: Sequence[str] = (),
    expires: timedelta | datetime | None = None,
    idle: timedelta | None = None,
    address: str = "",
) -> Minted:
    """Make a token for a user (personal) or an application. `expires`: None the default, `timedelta.max` never.

    `idle`: for how long it may stay unused; None for ever.
    """
    refuse_name(name)
    refuse_scopes(desk, scopes)
    allowed_from, allowed_on, rest = read_networks(networks), read_hosts(hosts), read_idle(idle)
    kind = KIND_OF[owner_kind]
    ends = read_expiry(desk, kind, expires)
    await find_owner(desk, kind=owner_kind, login=login)  # before the work of hashing; asked again below
    token_id = new_id(secrets.token_bytes(ENTROPY_BYTES))
    secret, stored = await _mint(desk, token_id)
    async with desk.store.change(actor=actor, address=address) as change:
        owner = await owner_in(change, desk, kind=owner_kind, login=login)
        refuse_owner(desk, owner)
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
            hosts=allowed_on,
            idle=rest,
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
    scope: str | None = None,
    group: str | None = None,
    organisation: str | None = None,
    expires_before: datetime | None = None,
) -> Sequence[TokenEntry]:
    """Tokens, oldest first; those of one owner when a login and its kind are given, and what every filter lets through.

    `group` and `organisation` are the owner's. No token that never expires is `expires_before`.
    """
    wanted = TokenFilter(
        kind=None if owner_kind is None else KIND_OF[owner_kind],
        state=state,
        scope=scope,
        group=group,
        organisation=organisation,
        expires_before=expires_before,
    )
    if login is not None and owner_kind is not None:
        entry = await find_owner(desk, kind=owner_kind, login=login)
        wanted = replace(wanted, owner_id=entry.owner.id)
    return await desk.store.tokens(wanted)


async def show_token(desk: Desk, reference: str) -> Shown:
    """A token by handle or id. Refused `not_found` when there is none."""
    token_id = read_reference(desk, reference)
    entry, record = await desk.store.token(token_id), await desk.store.load_token(token_id)
    if entry is None or record is None:
        await refuse_unknown(desk, reference)
    return Shown(
        entry=entry,
        secrets=tuple(
            SecretShown(created_at=one.created_at, ends_at=one.ends_at, until_used=one.ended_by_use_of is not None)
            for one in record.secrets
        ),
    )


async def rotate_token(
    desk: Desk,
    *,
    actor: str,
    reference: str,
    grace: timedelta = timedelta(0),
    until_used: bool = False,
    address: str = "",
) -> Minted:
    """Give a token a new secret. The old one works on for `grace`; with none it is dead when this returns.

    `until_used`: the old one works until the first Allow of the new one, which comes only after the store has ended the
    old one; every worker refuses that within the bound. Without any use it ends after seven days.
    """
    if until_used and grace:
        raise Refused("bad_value", field="grace", message="both a grace and until the first use", mend="choose one")
    if not timedelta(0) <= grace <= MAX_GRACE:
        raise Refused(
            "bad_value", field="grace", message="the grace is too long", mend=f"use at most {MAX_GRACE.days} days"
        )
    token_id = read_reference(desk, reference)
    refuse_ended(await desk.store.load_token(token_id) or await refuse_unknown(desk, reference), desk.now())
    secret, stored = await _mint(desk, token_id)
    async with desk.store.change(actor=actor, address=address) as change:
        record = await change.token(token_id) or await refuse_unknown(desk, reference)
        refuse_ended(record, change.at)
        refuse_owner(desk, record.owner)
        ends = change.at + (MAX_GRACE if until_used else grace)
        await change.rotate(token_id, stored, old_ends_at=ends, until_used=until_used)
    # Also with grace: a secret older than the one in grace ended with this change.
    effect = await effective(desk)
    whole = compose(desk.settings.tokens.brand, record.token.kind, token_id, secret)
    return Minted(
        token=record.token,
        owner=record.owner,
        whole=whole,
        old_ends_at=ends,
        until_used=until_used,
        effect=effect,
    )


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


async def refuse_unknown(desk: Desk, reference: str) -> NoReturn:
    """Refused `not_found`, with the nearest token there is, in case of a typo."""
    brand, mend = desk.settings.tokens.brand, "see `token-gateway token list`"
    listed = await desk.store.tokens()
    if len(listed) <= MAX_COMPARED:
        handles = [handle(brand, one.token.kind, one.token.id) for one in listed]
        mend = did_you_mean(reference, handles, otherwise=mend)
    raise Refused(NOT_FOUND, field="token", message=f"there is no token {reference}", mend=mend)
