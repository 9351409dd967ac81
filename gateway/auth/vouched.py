"""Somebody for whom the single sign-on vouches: who that is here, and what is taken over of what it says.

The account is the single sign-on's or it is refused: a local person is never taken over, a name that was deleted is not
given again, and an application signs in nowhere. Only the groups that the configuration lists are given.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.auth.desk import Desk
from gateway.auth.owners import ID_BYTES, refuse_profile
from gateway.auth.refused import Refused
from gateway.config import Settings
from gateway.core.naming import label_flaw
from gateway.core.owner import SSO, Owner, OwnerKind
from gateway.store import Account, Change, NameTaken, OwnerEntry


class Barred(StrEnum):
    """Why somebody for whom the single sign-on vouches does not get in."""

    OFF = "off"
    BAD_VALUE = "bad_value"
    UNKNOWN = "unknown"
    LOCAL = "local"
    APPLICATION = "application"
    DELETED = "deleted"
    DISABLED = "disabled"


_ASK = "ask an administrator"
WORDS: Mapping[Barred, tuple[str, str]] = {
    Barred.OFF: ("nobody signs in by the single sign-on here", "sign in with your password"),
    Barred.BAD_VALUE: ("the single sign-on says something of you that no account can have", _ASK),
    Barred.UNKNOWN: ("you have no account here", f"{_ASK} for one"),
    Barred.LOCAL: ("your name is that of an account with a password here", f"sign in with that, or {_ASK}"),
    Barred.APPLICATION: ("your name is that of an application here", _ASK),
    Barred.DELETED: ("your account was deleted here, and a name is never given again", _ASK),
    Barred.DISABLED: ("your account is disabled here", _ASK),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """What the single sign-on says of somebody. `groups` as it calls them; None: it says nothing about it."""

    login: str
    groups: frozenset[str] = frozenset()
    name: str | None = None
    email: str | None = None


class BarredError(Exception):
    """They do not get in. `owner`: of the account that is theirs or stands in the way; None: there is none."""

    def __init__(self, why: Barred, owner: Owner | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.owner = owner

    def refused(self) -> Refused:
        """What they are told. They are who they say, so it may be told what stands in their way."""
        message, mend = WORDS[self.why]
        return Refused("sign_in", message=message, mend=mend)


def granted(settings: Settings, groups: frozenset[str]) -> frozenset[str]:
    """Those of our groups that these of the single sign-on's give."""
    if settings.portal.sso is None:
        return frozenset()
    grants = settings.portal.sso.grants
    return frozenset(grants[name] for name in groups if name in grants) & frozenset(settings.groups)


def grantable(settings: Settings) -> frozenset[str]:
    """Our groups that people can have from elsewhere: all, or those that a sign-in gives and takes, lest a directory's
    export give some that the next sign-in takes away.
    """
    sso = settings.portal.sso
    every = frozenset(settings.groups)
    return every if sso is None or sso.keeps_groups else every & frozenset(sso.grants.values())


async def vouched_owner(desk: Desk, said: Vouched, *, address: str) -> Owner:
    """Whose account it is; one is made where the configuration says so. BarredError."""
    sso = desk.settings.portal.sso
    if sso is None:
        raise BarredError(Barred.OFF)
    if label_flaw(said.login) is not None or not _is_profile(said):
        raise BarredError(Barred.BAD_VALUE)
    entry = await desk.store.owner(login=said.login)
    if entry is None and sso.create:
        return await _created(desk, said, address=address)
    return _admitted(entry)


async def take_over(change: Change, desk: Desk, said: Vouched, owner_id: str) -> tuple[Account, bool]:
    """Set what the single sign-on says, in the change of the sign-in. BarredError when they may not be here any more.

    Returns the account as it is then, and whether its groups are others.
    """
    sso, entry = desk.settings.portal.sso, await change.owner(id=owner_id)
    if sso is None:
        raise BarredError(Barred.OFF)
    _admitted(entry)
    await change.edit_owner(owner_id, name=said.name, email=said.email)
    regrouped = False
    if not sso.keeps_groups:
        regrouped = await change.set_groups(owner_id, granted(desk.settings, said.groups), source=SSO)
    await change.confirm_owner(owner_id)
    account = await change.account(owner_id)
    assert account is not None  # it was there a moment ago, in this very change
    return account, regrouped


def _admitted(entry: OwnerEntry | None) -> Owner:
    if entry is None:
        raise BarredError(Barred.UNKNOWN)
    owner = entry.owner
    if entry.deleted_at is not None:
        raise BarredError(Barred.DELETED)
    if owner.kind is not OwnerKind.USER:
        raise BarredError(Barred.APPLICATION)
    if not owner.sso:
        raise BarredError(Barred.LOCAL, owner)
    if not owner.enabled:
        raise BarredError(Barred.DISABLED, owner)
    return owner


async def _created(desk: Desk, said: Vouched, *, address: str) -> Owner:
    owner = Owner(
        id=secrets.token_hex(ID_BYTES),
        kind=OwnerKind.USER,
        login=said.login,
        name=said.name or "",
        email=said.email or "",
        sso=True,
    )
    try:
        async with desk.store.change(actor=owner.id, address=address) as change:
            await change.add_owner(owner)
            await change.confirm_owner(owner.id, is_one_of_many=True)
    except NameTaken:  # by another sign-in of theirs at the same time, or by an administrator
        return _admitted(await desk.store.owner(login=said.login))
    return owner


def _is_profile(said: Vouched) -> bool:
    try:
        refuse_profile(name=said.name or "", email=said.email or "", organisations=())
    except Refused:
        return False
    return True
