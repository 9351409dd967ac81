"""Use cases that look at owners: list them, show one, and find out whom an id names.

Who manages nobody sees themselves and no others, and learns from no answer who there is.
"""

from collections.abc import Mapping
from dataclasses import replace

from gateway.auth.desk import Desk
from gateway.auth.owners import refuse_flaw
from gateway.auth.power import refuse_lacking, refuse_without, refuse_without_scope
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.config.compile import compile_permissions
from gateway.core.naming import label_flaw, name_flaw
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act, Actor, held, power
from gateway.store import OwnerEntry, OwnerFilter, OwnerPage

MANAGES = {OwnerKind.USER: "users", OwnerKind.APPLICATION: "applications"}  # the permission for each kind
_WORD = {OwnerKind.USER: "user", OwnerKind.APPLICATION: "application"}


async def list_owners(
    desk: Desk,
    *,
    actor: Actor,
    kind: OwnerKind,
    login: str | None = None,
    text: str | None = None,
    group: str | None = None,
    organisation: str | None = None,
    enabled: bool | None = None,
    sso: bool | None = None,
    after: str | None = None,
    limit: int,
) -> OwnerPage:
    """A page of the owners of a kind, by login: those that pass everything given, from the first one after a login.

    `text` is a part of login, name or address; `group` one from any source.
    """
    refuse_without(desk, actor, MANAGES[kind], what=f"list {_WORD[kind]}s")
    for field, what, value in (
        ("login", "the login", login),
        ("group", "the group", group),
        ("organisation", "the organisation", organisation),
    ):
        if value is not None:
            refuse_flaw(field, what, value, label_flaw)
    refuse_flaw("search", "the text to search", text or "", lambda given: name_flaw(given, required=False))
    wanted = OwnerFilter(login=login, text=text, group=group, organisation=organisation, enabled=enabled, sso=sso)
    return await desk.store.owner_page(kind, wanted, after=after, limit=limit)


async def owner_by_id(desk: Desk, *, actor: Actor, act: Act, kind: OwnerKind, owner_id: str) -> OwnerEntry:
    """Whom an id names, for whoever may do this to others of the kind or to themselves; no other causes a look-up.

    Refused `not_found` with one answer for who was never there, was deleted, or is of the other kind. An id and its
    login are one for ever, so a use case may go on with the login: nothing can come between.
    """
    own = actor.owner
    if own is None or (own.id, own.kind) != (owner_id, kind):
        asked = Owner(id="", kind=kind, login=f"this {_WORD[kind]}")
        refuse_lacking(desk, replace(actor, proven=True), act, asked)
    else:
        refuse_without_scope(actor)
    entry = await desk.store.owner(id=owner_id) if label_flaw(owner_id) is None else None
    if entry is None or entry.deleted_at is not None or entry.owner.kind is not kind:
        raise Refused(NOT_FOUND, message=f"there is no such {_WORD[kind]}", mend="look for the id in the list")
    return entry


async def show_owner(desk: Desk, *, actor: Actor, kind: OwnerKind, owner_id: str) -> OwnerEntry:
    """An owner by id. Refused as `owner_by_id`."""
    entry = await owner_by_id(desk, actor=actor, act=Act.SEE_OWNER, kind=kind, owner_id=owner_id)
    refuse_lacking(desk, actor, Act.SEE_OWNER, entry.owner)
    return entry


def declared_groups(desk: Desk, *, actor: Actor) -> Mapping[str, frozenset[str]]:
    """The groups that the configuration declares, with the permissions that somebody in each holds: for who sets the
    groups of users or of applications.
    """
    refuse_without_scope(actor)
    permissions = compile_permissions(desk.settings.permissions)
    if power(permissions, actor).isdisjoint(MANAGES.values()):
        refuse_without(desk, actor, "users", what="list groups")
    return {group: held(permissions, (group,)) for group in desk.settings.groups}


async def owner_groups(
    desk: Desk, *, actor: Actor, kind: OwnerKind, owner_id: str
) -> tuple[OwnerEntry, Mapping[str, tuple[str, ...]]]:
    """An owner by id, with the groups by source. The version is read first: whoever edits by it misses nothing."""
    entry = await show_owner(desk, actor=actor, kind=kind, owner_id=owner_id)
    return entry, await desk.store.groups(owner_id)
