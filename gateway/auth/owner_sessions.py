"""Use cases about where other people are signed in: see it, and sign them out. One's own sessions are in `sessions`."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.auth.desk import Desk
from gateway.auth.owners import find_owner, owner_for
from gateway.auth.power import acting, refuse_blind, refuse_lacking, refuse_without
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.session_state import ends_at, holds
from gateway.core.naming import label_flaw
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act, Actor, How
from gateway.store import Change, SessionRow


async def sessions_of(desk: Desk, *, actor: Actor, login: str) -> Sequence[SessionRow]:
    """Where a person is signed in, the newest first."""
    refuse_blind(desk, actor, Act.SEE_SESSIONS, kind=OwnerKind.USER, login=login)
    owner = (await find_owner(desk, kind=OwnerKind.USER, login=login)).owner
    _refuse_lacking(desk, actor, Act.SEE_SESSIONS, owner)
    rows = await desk.store.sessions(owner.id)
    now, limits = desk.now(), desk.settings.portal.session
    return tuple(replace(row, expires_at=ends_at(row, limits)) for row in rows if holds(row, owner, now, limits))


async def end_session_of(desk: Desk, *, actor: Actor, login: str, session_id: str, address: str = "") -> None:
    """Sign a person out of one session, at once. Refused `not_found` for whatever is no session of theirs."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await _person(change, desk, actor, login)
        if label_flaw(session_id) is not None or not await change.end_session(session_id, owner_id=owner.id):
            message = f"there is no such session of {owner.login}"
            raise Refused(NOT_FOUND, field="session", message=message, mend="look at the list again")


async def end_sessions_of(desk: Desk, *, actor: Actor, login: str, address: str = "") -> int:
    """Sign a person out everywhere, at once; of how many sessions. Their tokens stay."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await _person(change, desk, actor, login)
        return await change.end_sessions(owner.id)


async def _person(change: Change, desk: Desk, actor: Actor, login: str) -> Owner:
    owner = await owner_for(change, desk, actor, Act.END_SESSIONS, kind=OwnerKind.USER, login=login)
    _refuse_lacking(desk, await acting(change, desk, actor), Act.END_SESSIONS, owner)
    return owner


def _refuse_lacking(desk: Desk, actor: Actor, act: Act, owner: Owner) -> None:
    """A token signs its own owner out only with the permission for everybody: no script that a person left somewhere
    keeps them out.
    """
    refuse_lacking(desk, actor, act, owner)
    if actor.how is How.TOKEN:
        refuse_without(desk, actor, "users", what="sign people out")
