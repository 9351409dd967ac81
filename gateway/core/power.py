"""Who may do what in the gateway itself: permissions by group, and the rules against borrowing and breaking power.

Borrowing: nobody sets groups, enables, sets a password or mints a token for an owner who would then hold a permission
that the actor lacks. Else whoever manages users could make an administrator, and be one. Breaking: nobody disables,
deletes, signs out or regroups an owner who holds a permission over others that the actor lacks (decision 9). The acts
are one table, so that a new act says what it asks for and what it does to power, or does not exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gateway.core.owner import Owner, OwnerKind, Token
from gateway.core.patterns import covers_hosts
from gateway.core.policy import EVERYONE, PERMISSIONS

GATEWAY_SCOPE = "gateway"  # a token acts in the gateway itself only with this one among its scopes
OVER_ONESELF = frozenset({"own_tokens"})  # no power over anybody else: whoever lacks it may stop its holders


class How(StrEnum):
    """Through what an actor acts."""

    CLI = "cli"
    SESSION = "session"
    TOKEN = "token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who does something: an owner by a session or a token, or the operator at the command line, who may do all.

    `name` is what the audit calls them. Whoever is neither the operator nor an enabled owner may do nothing. `proven`:
    the password was typed so short a time ago that nobody need type it again; it counts for sessions alone.
    `secret_row`: which secret of the token was presented.
    """

    name: str
    how: How
    owner: Owner | None = None
    token: Token | None = None
    secret_row: int | None = None
    session_id: str | None = None
    proven: bool = False


class Act(StrEnum):
    """What can be done to an owner, or to an owner's tokens."""

    SEE_OWNER = "see"
    ADD_OWNER = "add"
    EDIT_OWNER = "edit"
    SET_GROUPS = "set the groups of"
    SET_PASSWORD = "set the password of"
    ENABLE = "enable"
    CONFIRM = "confirm"
    DISABLE = "disable"
    SEE_SESSIONS = "see sessions of"
    END_SESSIONS = "sign out"
    DELETE_OWNER = "delete"
    SEE_TOKENS = "see tokens of"
    MINT_TOKEN = "make tokens for"  # also rotating, resuming and widening one: each gives somebody a live secret
    END_TOKEN = "end tokens of"  # also suspending and narrowing one


class _Demand(NamedTuple):
    """`own`: what one needs for oneself (None: nothing). `gives_power`: the rule against borrowing is asked too, and a
    session whose password was not typed lately has to prove itself: a screen left open must not become a credential.
    `takes_power`: the rule against breaking is asked too.
    """

    others: frozenset[str]
    own: str | None
    gives_power: bool
    takes_power: bool = False


_ON_OWNER = frozenset({"users", "applications"})
_ON_TOKENS = frozenset({"any_tokens"})
_NEVER_OWN = ""  # nobody does this to themselves without the permission for others
DEMANDS: Mapping[Act, _Demand] = {
    Act.SEE_OWNER: _Demand(_ON_OWNER, None, False),
    Act.ADD_OWNER: _Demand(_ON_OWNER, _NEVER_OWN, True),
    # An app may know people by their address or name: who edits these lets somebody be taken for somebody.
    Act.EDIT_OWNER: _Demand(_ON_OWNER, _NEVER_OWN, True),
    Act.SET_GROUPS: _Demand(_ON_OWNER, _NEVER_OWN, True, True),
    Act.SET_PASSWORD: _Demand(_ON_OWNER, _NEVER_OWN, True),  # one's own is changed with the old one
    Act.ENABLE: _Demand(_ON_OWNER, _NEVER_OWN, True),
    Act.CONFIRM: _Demand(_ON_OWNER, _NEVER_OWN, True),
    Act.DISABLE: _Demand(_ON_OWNER, _NEVER_OWN, False, True),
    Act.SEE_SESSIONS: _Demand(_ON_OWNER, None, False),
    Act.END_SESSIONS: _Demand(_ON_OWNER, None, False, True),
    Act.DELETE_OWNER: _Demand(_ON_OWNER, _NEVER_OWN, False, True),
    Act.SEE_TOKENS: _Demand(_ON_TOKENS, "own_tokens", False),
    Act.MINT_TOKEN: _Demand(_ON_TOKENS, "own_tokens", True),
    # Also of who holds more: a leaked token has to be stopped by whoever sees it, and its owner makes another.
    Act.END_TOKEN: _Demand(_ON_TOKENS, "own_tokens", False),
}


class Why(StrEnum):
    """Why an act is not allowed."""

    PERMISSION = "permission"  # the actor lacks it
    BORROWED = "borrowed_power"  # the target would hold it, or holds it now, and the actor does not
    SCOPE = "gateway_scope"  # the token is not meant for the gateway itself
    SESSION = "needs_session"  # not by a token: what it made would outlive and outreach it
    OLD_PASSWORD = "needs_old_password"  # not on oneself: a session that was left open would keep its owner out
    PROOF = "needs_proof"  # the session's password was typed too long ago (PARITY R11, R12)


class Lacking(NamedTuple):
    """Why an act is not allowed, and which permissions are missing; `is_held`: since the target holds them now."""

    why: Why
    permissions: frozenset[str] = frozenset()
    is_held: bool = False


def held(permissions: Mapping[str, frozenset[str]], groups: tuple[str, ...]) -> frozenset[str]:
    """The permissions of somebody in these groups."""
    return frozenset(
        name
        for name in PERMISSIONS
        if EVERYONE in permissions.get(name, ()) or not permissions.get(name, frozenset()).isdisjoint(groups)
    )


def power(permissions: Mapping[str, frozenset[str]], actor: Actor) -> frozenset[str]:
    """The permissions that the actor can use now."""
    if actor.how is How.CLI:
        return PERMISSIONS
    if actor.owner is None or not actor.owner.enabled:
        return frozenset()
    return frozenset() if is_without_scope(actor) else held(permissions, actor.owner.groups)


def is_without_scope(actor: Actor) -> bool:
    """Whether the actor is a token that is not meant for the gateway itself: it does nothing here."""
    return actor.how is How.TOKEN and (actor.token is None or GATEWAY_SCOPE not in actor.token.scopes)


def lacking(
    permissions: Mapping[str, frozenset[str]], actor: Actor, act: Act, target: Owner, was: Owner | None = None
) -> Lacking | None:
    """What the actor lacks for doing this to `target`, which is as it would be afterwards; None when it is allowed.

    `was`: as it is now, where its groups would be others.
    """
    demand, has = DEMANDS[act], power(permissions, actor)
    if is_without_scope(actor):
        return Lacking(Why.SCOPE)  # nothing here, not even to its owner
    if actor.how is How.TOKEN and act is Act.SET_PASSWORD:
        return Lacking(Why.SESSION)  # a session never grows out of a token (PARITY R28)
    if actor.how is How.TOKEN and act is Act.CONFIRM and _is_self(actor, target):
        return Lacking(Why.SESSION)  # the script of somebody who has left would keep itself alive for ever
    if act is Act.SET_PASSWORD and _is_self(actor, target):
        return Lacking(Why.OLD_PASSWORD)  # whatever permissions one has
    needed: str | None = _permission(demand, target)
    if _is_self(actor, target) and needed not in has and demand.own != _NEVER_OWN:
        needed = demand.own
    if needed is not None and needed not in has:
        return Lacking(Why.PERMISSION, frozenset({needed}))
    if demand.gives_power and (more := held(permissions, target.groups) - has):
        return Lacking(Why.BORROWED, more)
    if demand.takes_power and (more := held(permissions, (was or target).groups) - has - OVER_ONESELF):
        return Lacking(Why.BORROWED, more, is_held=True)
    if demand.gives_power and actor.how is How.SESSION and not actor.proven:
        return Lacking(Why.PROOF)
    return None


def _permission(demand: _Demand, target: Owner) -> str:
    if demand.others is _ON_TOKENS:
        return "any_tokens"
    return "users" if target.kind is OwnerKind.USER else "applications"


def _is_self(actor: Actor, target: Owner) -> bool:
    return actor.owner is not None and actor.owner.enabled and actor.owner.id == target.id


def beyond(parent: Token, made: Token) -> str | None:
    """In which field a token that `parent` makes, edits, rotates or resumes would reach farther than `parent`, whatever
    its owner may do; None when in none.
    """
    if not made.scopes <= parent.scopes:
        return "scopes"
    if parent.expires_at is not None and (made.expires_at is None or made.expires_at > parent.expires_at):
        return "expires"
    if parent.idle is not None and (made.idle is None or made.idle > parent.idle):
        return "idle"
    if parent.networks is not None and (made.networks is None or not parent.networks.covers(made.networks)):
        return "networks"
    if parent.hosts is not None and (made.hosts is None or not covers_hosts(parent.hosts, made.hosts)):
        return "hosts"
    return None
