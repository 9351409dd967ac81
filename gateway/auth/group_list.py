"""The use case behind the list of groups: what is declared, what power each gives, and how many are in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.auth.desk import Desk
from gateway.auth.owner_list import MANAGES, declared_groups
from gateway.config.compile import compile_permissions
from gateway.core.owner import OwnerKind
from gateway.core.policy import EVERYONE
from gateway.core.power import Actor, held, power


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """A group. `members` by kind, of those kinds that the actor manages. `is_declared` False: some are in it all the
    same, since the configuration declared it once.
    """

    name: str
    permissions: Sequence[str]
    members: Mapping[OwnerKind, int]
    is_declared: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupList:
    """All groups in the order of the configuration, then those that are not in it any more.

    `holders`: which groups hold each permission; `of_everybody`: what all hold, whatever their groups.
    """

    groups: Sequence[GroupSeen]
    holders: Mapping[str, Sequence[str]]
    of_everybody: frozenset[str]


async def list_groups(desk: Desk, *, actor: Actor) -> GroupList:
    """The groups, for who sets the groups of users or of applications. Refused `permission`."""
    declared = declared_groups(desk, actor=actor)
    permissions = compile_permissions(desk.settings.permissions)
    own = power(permissions, actor)
    kinds = [kind for kind, permission in MANAGES.items() if permission in own]
    members = await desk.store.group_members()

    def seen(name: str, gives: frozenset[str], *, is_declared: bool = True) -> GroupSeen:
        counted = {kind: members.get(name, {}).get(kind, 0) for kind in kinds}
        return GroupSeen(name=name, permissions=sorted(gives), members=counted, is_declared=is_declared)

    left = [seen(name, frozenset(), is_declared=False) for name in sorted(members) if name not in declared]
    everybody = held(permissions, ())
    return GroupList(
        groups=[
            *(seen(name, gives - everybody) for name, gives in declared.items()),
            *(one for one in left if any(one.members.values())),
        ],
        holders={name: sorted(groups - {EVERYONE}) for name, groups in permissions.items()},
        of_everybody=everybody,
    )
