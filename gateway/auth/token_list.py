"""Use cases that look at tokens: list them, and show one. Who lacks `any_tokens` sees their own and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict, Unpack

from gateway.auth.desk import Desk
from gateway.auth.owners import find_owner
from gateway.auth.power import refuse_blind, refuse_lacking, refuse_without_scope
from gateway.auth.token_known import known_token, read_reference, refuse_unknown, sees, sees_all
from gateway.auth.tokens import KIND_OF
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import TokenEntry, TokenFilter, TokenPage, TokenPlace, TokenState

MAX_DAYS = 90


class Wanted(TypedDict, total=False):
    """Which tokens a list holds: those that every filter lets through (PARITY R26).

    `owner_kind` alone: of owners of that kind. `group` and `organisation` are the owner's. No token that never expires
    is `expires_before` or `expires_after` anything. `name`: a part of it, in either case.
    """

    owner_kind: OwnerKind | None
    login: str | None
    state: TokenState | None
    scope: str | None
    group: str | None
    organisation: str | None
    expires_before: datetime | None
    expires_after: datetime | None
    never_expires: bool
    name: str | None


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


async def list_tokens(desk: Desk, *, actor: Actor, **wanted: Unpack[Wanted]) -> Sequence[TokenEntry]:
    """Tokens, oldest first; those of one owner when a login and its kind are given."""
    return await desk.store.tokens(await _filter(desk, actor, wanted))


async def page_tokens(
    desk: Desk,
    *,
    actor: Actor,
    after: TokenPlace | None,
    limit: int,
    newest_first: bool = False,
    **wanted: Unpack[Wanted],
) -> TokenPage:
    """The same list, a page at a time; also the other way round."""
    wish = await _filter(desk, actor, wanted)
    return await desk.store.token_page(wish, after=after, limit=limit, newest_first=newest_first)


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


async def found_tokens(desk: Desk, *, actor: Actor, references: Sequence[str]) -> Sequence[TokenEntry]:
    """Those of the tokens that are there and that the actor may see. One read each, and no look at near misses."""
    refuse_without_scope(actor)
    ids = dict.fromkeys(read_reference(desk, reference) for reference in references)
    entries = [await desk.store.token(token_id) for token_id in ids]
    return [entry for entry in entries if entry is not None and sees(desk, actor, entry.owner)]


async def daily_uses(desk: Desk, *, actor: Actor, reference: str, days: int) -> Sequence[tuple[date, int]]:
    """How often the token was used on each of the last `days` days (UTC), today's last. Refused `not_found`."""
    token_id = read_reference(desk, reference)
    await known_token(desk, actor, reference, await desk.store.load_token(token_id))
    today = desk.now().astimezone(UTC).date()
    shown = [today - timedelta(days=ago) for ago in reversed(range(days))]
    found = await desk.store.usage_by_day(token_id, since=shown[0])
    return [(day, found.get(day, 0)) for day in shown]


async def _filter(desk: Desk, actor: Actor, wanted: Wanted) -> TokenFilter:
    kind = wanted.get("owner_kind")
    return TokenFilter(
        owner_id=await _whose(desk, actor, kind, wanted.get("login")),
        kind=None if kind is None else KIND_OF[kind],
        state=wanted.get("state"),
        scope=wanted.get("scope"),
        group=wanted.get("group"),
        organisation=wanted.get("organisation"),
        expires_before=wanted.get("expires_before"),
        expires_after=wanted.get("expires_after"),
        never_expires=wanted.get("never_expires", False),
        name=wanted.get("name"),
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
