"""Asking, inside the change that it is about, whether somebody may do it: `core.power` with the state as it is then."""

from dataclasses import replace

from gateway.auth.desk import Desk
from gateway.auth.refused import Refused
from gateway.config.compile import compile_permissions
from gateway.core.confirmation import confirmation_state
from gateway.core.lifecycle import token_state
from gateway.core.owner import Owner
from gateway.core.power import GATEWAY_SCOPE, Act, Actor, How, Why, lacking
from gateway.store import Change


def operator(name: str) -> Actor:
    """Whoever types commands on the host: they can read the key file, so nothing is kept from them."""
    return Actor(name=name, how=How.CLI)


async def demand(change: Change, desk: Desk, actor: Actor, act: Act, target: Owner) -> None:
    """Refused unless the actor may do this to `target`, which is as it would be afterwards. Ask before writing."""
    refuse_lacking(desk, await acting(change, desk, actor), act, target)


def refuse_lacking(desk: Desk, actor: Actor, act: Act, target: Owner) -> None:
    """As `demand`, of an actor as `acting` read it: for a change that is about many."""
    found = lacking(compile_permissions(desk.settings.permissions), actor, act, target)
    if found is None:
        return
    missing = ", ".join(sorted(found.permissions))
    match found.why:
        case Why.PERMISSION:
            words, mend = f"you may not {act.value} {target.login}", f"that needs the permission {missing}"
        case Why.BORROWED:
            words = f"you may not {act.value} {target.login}, who would hold more than you do: {missing}"
            mend = "somebody who holds that must do it"
        case Why.SCOPE:
            words, mend = "this token does nothing in the gateway itself", f"that needs the scope {GATEWAY_SCOPE}"
        case Why.SESSION:
            words, mend = "a token sets no passwords", "sign in and do it there"
        case Why.OLD_PASSWORD:
            words, mend = "your own password is changed with the one you have", "change it with the old one"
    raise Refused(found.why.value, message=words, mend=mend)


async def acting(change: Change, desk: Desk, actor: Actor) -> Actor:
    """The actor as the transaction sees it: groups that were taken away a moment ago do not count.

    ValueError when this very change has touched the actor: who has just put themselves into a group would be judged
    by it.
    """
    if actor.how is How.CLI or actor.owner is None:
        return actor
    if change.has_touched("owner", actor.owner.id):
        raise ValueError("ask who acts before changing them")
    entry = await change.owner(id=actor.owner.id)
    if entry is None or entry.deleted_at is not None:
        return replace(actor, owner=None)
    if actor.token is None:
        return replace(actor, owner=entry.owner)
    record = await change.token(actor.token.id)
    every = desk.settings.tokens.reconfirm_every
    if (
        record is None
        or record.owner.id != entry.owner.id
        or token_state(record.token, record.owner, change.at) is not None
        or confirmation_state(record.owner, every, change.at) is not None
    ):
        return replace(actor, owner=None, token=None)
    return replace(actor, owner=record.owner, token=record.token)
