"""The use case behind `user groups` and `app groups`: which local groups an owner is in.

Groups from a single sign-on are another source and are left alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.last_one import refuse_last
from gateway.auth.owners import entry_in, owner_for, refuse_groups, refuse_other_owner_version
from gateway.auth.power import demand
from gateway.auth.refused import Refused
from gateway.core.owner import SSO, Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import OwnerEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouped:
    """An owner with the groups it is in now. `effect`: None when none was taken away."""

    entry: OwnerEntry
    added: tuple[str, ...]
    removed: tuple[str, ...]
    effect: Effect | None

    @property
    def owner(self) -> Owner:
        """The owner alone."""
        return self.entry.owner


async def change_groups(
    desk: Desk,
    *,
    actor: Actor,
    kind: OwnerKind,
    login: str,
    groups: Sequence[str] | None = None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    expected_version: int | None = None,
    address: str = "",
) -> Regrouped:
    """Put an owner into exactly `groups`, or into some and out of others. A group that it enters must be declared.

    Returns, when a group was taken away, as soon as that is effective everywhere. `expected_version`: the one that the
    editor has seen; Refused `changed_meanwhile` when it is another by now.
    """
    if groups is not None and (add or remove):
        raise Refused("bad_value", field="groups", message="all groups, and some more or less", mend="do one of them")
    both = sorted(set(add) & set(remove))
    if both:
        raise Refused("bad_value", field="add", message=f"{both[0]} is to be added and removed", mend="say one of them")
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_for(change, desk, actor, Act.SET_GROUPS, kind=kind, login=login)
        before = await change.groups_of(owner.id)
        after = frozenset(groups) if groups is not None else (before | frozenset(add)) - frozenset(remove)
        refuse_groups(desk, sorted(after - before), field="add" if groups is None else "groups")
        elsewhere = await change.groups_of(owner.id, source=SSO)
        regrouped = replace(owner, groups=tuple(sorted(after | elsewhere)))
        await demand(change, desk, actor, Act.SET_GROUPS, regrouped, was=owner)
        await refuse_last(change, desk, actor, was=owner, after=regrouped)
        await refuse_other_owner_version(change, owner, expected_version)
        await change.set_groups(owner.id, after)
        entry = await entry_in(change, owner)
    taken = before - after
    return Regrouped(
        entry=entry,
        added=tuple(sorted(after - before)),
        removed=tuple(sorted(taken)),
        effect=await effective(desk) if taken else None,
    )
