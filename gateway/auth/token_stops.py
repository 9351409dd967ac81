"""Use cases that stop tokens until they are resumed, and resume them: single ones, or all of one owner.

Whatever stops a token is effective everywhere when it returns. To stop an owner's coming tokens too, disable the owner.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.owners import owner_in
from gateway.auth.power import acting, refuse_beyond, refuse_blind, refuse_lacking, refuse_without_scope
from gateway.auth.token_fields import refuse_ended
from gateway.auth.token_known import known_in, read_reference, sees
from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.power import Act, Actor
from gateway.store import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """A token that is suspended, or was. `already`: it was suspended, or has ended for good, before."""

    token: Token
    owner: Owner
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """What became of the tokens that were to be suspended. `effect`: None when none of them was there."""

    stopped: tuple[Stopped, ...]
    unknown: tuple[str, ...]
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A token that works again, as far as its owner does. `changed`: it was suspended."""

    token: Token
    owner: Owner
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AllStopped:
    """How many tokens of one owner were stopped."""

    owner: Owner
    count: int
    effect: Effect


async def suspend_tokens(desk: Desk, *, actor: Actor, references: Sequence[str], address: str = "") -> Suspension:
    """Stop tokens until they are resumed, each that is there. Returns when no check anywhere allows one of them."""
    ids = {read_reference(desk, reference): reference for reference in references}
    done: list[Stopped] = []
    unknown: list[str] = []
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        refuse_without_scope(now)
        for token_id, reference in ids.items():
            before = await change.token(token_id)
            if before is None or not sees(desk, now, before.owner):
                unknown.append(reference)
                continue
            refuse_lacking(desk, now, Act.END_TOKEN, before.owner)
            ends = before.token.expires_at
            has_ended = before.token.revoked_at is not None or (ends is not None and ends <= change.at)
            already = has_ended or not await change.suspend(token_id)
            done.append(Stopped(token=before.token, owner=before.owner, already=already))
    effect = await effective(desk) if done else None
    return Suspension(stopped=tuple(done), unknown=tuple(unknown), effect=effect)


async def resume_token(desk: Desk, *, actor: Actor, reference: str, address: str = "") -> Resumed:
    """Let a suspended token work again. Refused when it has ended for good meanwhile."""
    token_id = read_reference(desk, reference)
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        before = await known_in(change, desk, now, reference)
        refuse_lacking(desk, now, Act.MINT_TOKEN, before.owner)
        refuse_beyond(now, before.token)
        refuse_ended(before, change.at)
        changed = await change.resume(token_id)
        after = await change.token(token_id) or before
    return Resumed(token=after.token, owner=after.owner, changed=changed)


async def suspend_all(desk: Desk, *, actor: Actor, owner_kind: OwnerKind, login: str, address: str = "") -> AllStopped:
    """Stop every live token of an owner until each is resumed. Returns when no check anywhere allows one of them."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_to_stop(change, desk, actor, kind=owner_kind, login=login)
        count = await change.suspend_all_of(owner.id)
    return AllStopped(owner=owner, count=count, effect=await effective(desk))


async def owner_to_stop(change: Change, desk: Desk, actor: Actor, *, kind: OwnerKind, login: str) -> Owner:
    """The owner of that login, for whoever may end all of their tokens. Refused alike for a login that is none."""
    now = await acting(change, desk, actor)
    refuse_blind(desk, now, Act.END_TOKEN, kind=kind, login=login)
    owner = await owner_in(change, desk, kind=kind, login=login)
    refuse_lacking(desk, now, Act.END_TOKEN, owner)
    return owner
