"""Use cases that look at tokens: list them, and show one. Who lacks `any_tokens` sees their own and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.auth.desk import Desk
from gateway.auth.owners import find_owner
from gateway.auth.power import refuse_blind, refuse_lacking, refuse_without_scope
from gateway.auth.token_known import known_token, read_reference, refuse_unknown, sees_all
from gateway.auth.tokens import KIND_OF
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import TokenEntry, TokenFilter, TokenState


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretShown:
    """When a secret was made and when it stops working; None for the current one.

    `until_used`: or with the first use of the current one.
    """

    created_at: datetime
    ends_at: datetime | None
    until_used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A token as its record tells it: how often it was used, and its secrets, without their hashes."""

    entry: TokenEntry
    secrets: tuple[SecretShown, ...]


async def list_tokens(
    desk: Desk,
    *,
    actor: Actor,
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
        owner_id=await _whose(desk, actor, owner_kind, login),
        kind=None if owner_kind is None else KIND_OF[owner_kind],
        state=state,
        scope=scope,
        group=group,
        organisation=organisation,
        expires_before=expires_before,
    )
    return await desk.store.tokens(wanted)


async def show_token(desk: Desk, *, actor: Actor, reference: str) -> Shown:
    """A token by handle or id. Refused `not_found` when there is none, or none that the actor may see."""
    token_id = read_reference(desk, reference)
    record = await known_token(desk, actor, reference, await desk.store.load_token(token_id))
    entry = await desk.store.token(token_id) or await refuse_unknown(desk, actor, reference)
    return Shown(
        entry=entry,
        secrets=tuple(
            SecretShown(created_at=one.created_at, ends_at=one.ends_at, until_used=one.ended_by_use_of is not None)
            for one in record.secrets
        ),
    )


async def _whose(desk: Desk, actor: Actor, kind: OwnerKind | None, login: str | None) -> str | None:
    """The id of the owner whose tokens are listed; None: everybody's."""
    refuse_without_scope(actor)
    if login is not None and kind is not None:
        refuse_blind(desk, actor, Act.SEE_TOKENS, kind=kind, login=login)
        owner = (await find_owner(desk, kind=kind, login=login)).owner
    elif sees_all(desk, actor):
        return None
    else:
        owner = actor.owner or Owner(id="", kind=OwnerKind.USER, login="others")
    refuse_lacking(desk, actor, Act.SEE_TOKENS, owner)
    return owner.id
