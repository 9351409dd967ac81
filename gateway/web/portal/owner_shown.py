"""A user or an application as pages show them, ready for a template, and what may be done to them from there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from gateway.auth.power import refuse_lacking
from gateway.auth.refused import Refused
from gateway.core.confirmation import confirmation_state, confirmed_until
from gateway.core.owner import LOCAL, SSO, Owner, OwnerKind
from gateway.core.power import Act
from gateway.store import OwnerEntry
from gateway.web.portal.page import Visit
from gateway.web.portal.token_shown import owner_path

HOME = {OwnerKind.USER: "/users", OwnerKind.APPLICATION: "/applications"}
ACTS = {
    "edit": Act.EDIT_OWNER,
    "groups": Act.SET_GROUPS,
    "password": Act.SET_PASSWORD,
    "enable": Act.ENABLE,
    "disable": Act.DISABLE,
    "vouch": Act.CONFIRM,
    "sign_out": Act.END_SESSIONS,
    "delete": Act.DELETE_OWNER,
    "mint": Act.MINT_TOKEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerShown:
    """One user or application. `groups` from every source; `local` and `elsewhere` are filled where one is looked at.

    `confirmed_until`: until when the single sign-on's word counts; None: none is needed, or it counts for ever.
    """

    id: str
    path: str
    login: str
    name: str
    email: str
    is_person: bool
    groups: Sequence[str]
    organisations: Sequence[str]
    enabled: bool
    sso: bool
    confirmed_at: datetime | None
    confirmed_until: datetime | None
    is_unconfirmed: bool
    created_at: datetime
    version: int
    tokens_path: str
    new_token_path: str
    local: Sequence[str] = ()
    elsewhere: Sequence[str] = ()


def owner_shown(visit: Visit, entry: OwnerEntry, groups: Mapping[str, Sequence[str]] | None = None) -> OwnerShown:
    """The owner of a record; `groups` by source, where they were asked for."""
    owner, every = entry.owner, visit.desk.settings.tokens.reconfirm_every
    whose = urlencode({owner.kind.value: owner.login})
    return OwnerShown(
        id=owner.id,
        path=owner_path(owner),
        login=owner.login,
        name=owner.name,
        email=owner.email,
        is_person=owner.kind is OwnerKind.USER,
        groups=owner.groups,
        organisations=owner.organisations,
        enabled=owner.enabled,
        sso=owner.sso,
        confirmed_at=owner.confirmed_at,
        confirmed_until=confirmed_until(owner, every),
        is_unconfirmed=confirmation_state(owner, every, visit.desk.now()) is not None,
        created_at=entry.created_at,
        version=entry.version,
        tokens_path=f"/tokens?{whose}",
        new_token_path=f"/tokens/new?{whose}",
        local=() if groups is None else groups[LOCAL],
        elsewhere=() if groups is None else groups[SSO],
    )


def barred(visit: Visit, owner: Owner) -> Mapping[str, str]:
    """What the visitor may not do to the owner, with the reason in words. The use case asks again, in its change."""
    found = {}
    for name, act in ACTS.items():
        try:
            refuse_lacking(visit.desk, replace(visit.actor, proven=True), act, owner, owner)
        except Refused as refused:
            found[name] = visit.words.refused(refused)
    return found
