"""Asking, inside the change that it is about, whether somebody may do it: `core.power` with the state as it is then."""

from dataclasses import replace

from gateway.auth.desk import Desk
from gateway.auth.refused import Refused
from gateway.auth.session_state import holds, is_proven
from gateway.config.compile import compile_permissions
from gateway.core.confirmation import confirmation_state
from gateway.core.evidence import Proven
from gateway.core.lifecycle import secret_state, token_state
from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.power import GATEWAY_SCOPE, Act, Actor, How, Why, beyond, is_without_scope, lacking, power
from gateway.core.token import handle
from gateway.store import Change, SessionRecord

_SCOPE_LACKS = ("this token does nothing in the gateway itself", f"that needs the scope {GATEWAY_SCOPE}")


def operator(name: str) -> Actor:
    """Whoever types commands on the host: they can read the key file, so nothing is kept from them."""
    return Actor(name=name, how=How.CLI)


def holder(desk: Desk, proven: Proven) -> Actor:
    """Whoever presented a token and acts by it, as the audit calls them: `token:tgp_...`."""
    named = handle(desk.settings.tokens.brand, proven.token.kind, proven.token.id)
    return Actor(
        name=f"token:{named}",
        how=How.TOKEN,
        owner=proven.owner,
        token=proven.token,
        secret_row=proven.secret.row,
    )


async def demand(change: Change, desk: Desk, actor: Actor, act: Act, target: Owner, was: Owner | None = None) -> None:
    """Refused unless the actor may do this to `target`, which is as it would be afterwards. Ask before writing.

    `was`: as it is now, where its groups would be others.
    """
    refuse_lacking(desk, await acting(change, desk, actor), act, target, was)


def refuse_lacking(desk: Desk, actor: Actor, act: Act, target: Owner, was: Owner | None = None) -> None:
    """As `demand`, of an actor as `acting` read it: for a change that is about many."""
    found = lacking(compile_permissions(desk.settings.permissions), actor, act, target, was)
    if found is None:
        return
    missing = ", ".join(sorted(found.permissions))
    match found.why:
        case Why.PERMISSION:
            words, mend = f"you may not {act.value} {target.login}", f"that needs the permission {missing}"
        case Why.BORROWED:
            holds = "holds" if found.is_held else "would hold"
            words = f"you may not {act.value} {target.login}, who {holds} more than you do: {missing}"
            mend = "somebody who holds that must do it"
        case Why.SCOPE:
            words, mend = _SCOPE_LACKS
        case Why.SESSION:
            words = "a token sets no passwords" if act is Act.SET_PASSWORD else "a token does not confirm its own owner"
            mend = "sign in and do it there"
        case Why.OLD_PASSWORD:
            words, mend = "your own password is changed with the one you have", "change it with the old one"
        case Why.PROOF:
            words, mend = "your password was typed too long ago for this", "type it again, and try again"
    raise Refused(found.why.value, message=words, mend=mend)


def refuse_blind(desk: Desk, actor: Actor, act: Act, *, kind: OwnerKind, login: str) -> None:
    """Refused for who may not do this to anybody of the kind but themselves. Ask before the look-up: who has no
    business with others does not learn from its answer who there is. Proof is asked of in the change.
    """
    own = actor.owner
    if own is None or (own.kind, own.login.casefold()) != (kind, login.casefold()):
        refuse_lacking(desk, replace(actor, proven=True), act, Owner(id="", kind=kind, login=login))


def refuse_without_scope(actor: Actor) -> None:
    """Refused for a token that is not meant for the gateway itself, whatever it asks for."""
    if is_without_scope(actor):
        words, mend = _SCOPE_LACKS
        raise Refused(Why.SCOPE.value, message=words, mend=mend)


def refuse_without(desk: Desk, actor: Actor, permission: str, *, what: str) -> None:
    """Refused unless the actor holds a permission that is about nobody in particular: to read the audit, to explain."""
    refuse_without_scope(actor)
    if permission not in power(compile_permissions(desk.settings.permissions), actor):
        mend = f"that needs the permission {permission}"
        raise Refused(Why.PERMISSION.value, message=f"you may not {what}", mend=mend)


def refuse_beyond(actor: Actor, made: Token) -> None:
    """Refused when a token makes, edits, rotates or resumes one that reaches farther than itself."""
    if actor.how is not How.TOKEN or actor.token is None:
        return
    field = beyond(actor.token, made)
    if field is not None:
        raise Refused(
            "beyond_token",
            field=field,
            message="that token would reach beyond the one you act with",
            mend=f"choose {field} that yours has, or sign in and do it there",
        )


async def acting(change: Change, desk: Desk, actor: Actor) -> Actor:
    """The actor as the transaction sees it: groups that were taken away a moment ago do not count, and a session or
    a token that has ended acts no more (Refused `session_ended`, `token_ended`).

    ValueError when this very change has touched the actor: who has just put themselves into a group would be judged
    by it.
    """
    if actor.how is How.CLI or actor.owner is None:
        return actor
    if change.has_touched("owner", actor.owner.id):
        raise ValueError("ask who acts before changing them")
    if actor.how is How.SESSION:
        return await _in_session(change, desk, actor, actor.owner)
    record = None if actor.token is None else await change.token(actor.token.id)
    every = desk.settings.tokens.reconfirm_every
    if (
        record is None
        or record.owner.id != actor.owner.id
        or not any(one.row == actor.secret_row and secret_state(one, change.at) is None for one in record.secrets)
        or token_state(record.token, record.owner, change.at, record.quiet_since) is not None
        or confirmation_state(record.owner, every, change.at) is not None
    ):
        raise Refused("token_ended", message="the token that you act with is not valid any more", mend="use another")
    return replace(actor, owner=record.owner, token=record.token)


async def _in_session(change: Change, desk: Desk, actor: Actor, owner: Owner) -> Actor:
    record = None if actor.session_id is None else await change.session(actor.session_id)
    if record is None or record.account.owner.id != owner.id or not _is_open(record, desk):
        raise Refused("session_ended", message="your session has ended", mend="sign in again")
    proof_age = desk.settings.portal.session.proof_age
    proven = is_proven(record.session.how, record.session.proof_at, desk.now(), proof_age)
    return replace(actor, owner=record.account.owner, proven=proven)


def _is_open(record: SessionRecord, desk: Desk) -> bool:
    """A password that somebody else chose opens nothing but its change."""
    password = record.account.password
    forced = password is not None and password.must_change
    return not forced and holds(record.session, record.account.owner, desk.now(), desk.settings.portal.session)
