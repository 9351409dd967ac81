"""Nobody is the last to leave: a change by a session or a token does not end the last person who manages people.

Else only the command line could let anybody in again. It may do so itself: whoever uses it is not locked out.
"""

from gateway.auth.desk import Desk
from gateway.auth.refused import Refused
from gateway.config.compile import compile_permissions
from gateway.core.owner import Owner, OwnerKind
from gateway.core.policy import EVERYONE
from gateway.core.power import Actor, How
from gateway.store import Change

_MANAGING = "users"


async def refuse_last(change: Change, desk: Desk, actor: Actor, *, was: Owner, after: Owner | None) -> None:
    """Refused `would_lock_out` when nobody who can sign in would be left to manage people. Ask before writing.

    `after` None: the owner is deleted. What the change has not written yet counts as it is in the store.
    """
    holders = compile_permissions(desk.settings.permissions).get(_MANAGING, frozenset())
    if actor.how is How.CLI or not _manages(was, holders) or (after is not None and _manages(after, holders)):
        return
    if not await change.is_another_person(besides=was.id, groups=None if EVERYONE in holders else holders):
        raise Refused(
            "would_lock_out",
            message=f"nobody would be left to manage people: {was.login} is the last who can sign in and do it",
            mend="let somebody else manage people first; the command line may do it all the same",
        )


def _manages(owner: Owner, holders: frozenset[str]) -> bool:
    is_holder = EVERYONE in holders or not holders.isdisjoint(owner.groups)
    return owner.kind is OwnerKind.USER and owner.enabled and is_holder
