"""Use cases that end tokens for good. Each is effective everywhere when it returns.

Two ways lead here: an owner or administrator names tokens (`revoke_tokens`, `revoke_all`), or whoever holds the secret
presents it (`revoke_presented`, RFC 7009) and needs nothing else.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.power import acting, holder, refuse_lacking, refuse_without_scope
from gateway.auth.token_known import read_reference, sees
from gateway.auth.token_stops import AllStopped, owner_to_stop
from gateway.auth.versions import refuse_other_version
from gateway.core.evidence import Proven
from gateway.core.lifecycle import secret_state
from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.power import Act, Actor


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


async def revoke_tokens(
    desk: Desk,
    *,
    actor: Actor,
    references: Sequence[str],
    presented: Collection[str] = (),
    expected_version: int | None = None,
    address: str = "",
) -> Revocation:
    """End tokens for good, each that is there. Returns when no check anywhere can still allow one of them.

    An unknown one does not keep the others alive; what is no handle at all is refused before anything is changed.
    `presented`: those of the references whose secrets the actor has shown, which is leave enough to end them.
    `expected_version`: the one that whoever ends a single token has seen; refused `changed_meanwhile` for another.
    """
    ids = {read_reference(desk, reference): reference for reference in references}
    done: list[Revoked] = []
    unknown: list[str] = []
    async with desk.store.change(actor=actor.name, address=address) as change:
        now = await acting(change, desk, actor)
        for token_id, reference in ids.items():
            record = await change.token(token_id)
            if reference not in presented:
                refuse_without_scope(now)
                if record is None or not sees(desk, now, record.owner):
                    unknown.append(reference)
                    continue
                refuse_lacking(desk, now, Act.END_TOKEN, record.owner)
            if record is None:
                unknown.append(reference)
                continue
            refuse_other_version("the token", record.version, expected_version)
            already = not await change.revoke(token_id)
            done.append(Revoked(token=record.token, owner=record.owner, already=already))
    effect = await effective(desk) if done else None
    return Revocation(revoked=tuple(done), unknown=tuple(unknown), effect=effect)


async def revoke_presented(desk: Desk, *, presented: Proven, address: str = "") -> Effect | None:
    """End the token whose secret was presented (RFC 7009): that needs no permission and no scope.

    Who holds an old secret of a token that lives on holds nothing that could still do harm, and ends nothing: None.
    """
    if secret_state(presented.secret, desk.now()) is not None:
        return None
    if presented.token.revoked_at is None:
        async with desk.store.change(actor=holder(desk, presented).name, address=address) as change:
            await change.revoke(presented.token.id)
    return await effective(desk)  # also when somebody else has ended it, perhaps only just


async def revoke_all(desk: Desk, *, actor: Actor, owner_kind: OwnerKind, login: str, address: str = "") -> AllStopped:
    """End every token of an owner for good. Returns when no check anywhere allows one of them."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_to_stop(change, desk, actor, kind=owner_kind, login=login)
        count = await change.revoke_all_of(owner.id)
    return AllStopped(owner=owner, count=count, effect=await effective(desk))
