"""Use cases about users and applications: create, edit, look up, disable, enable, delete.

Both kinds live in one namespace and go through the same code. A login that was ever given is never given again.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.last_one import refuse_last
from gateway.auth.power import acting, demand, refuse_blind
from gateway.auth.refused import NOT_FOUND, Refused, did_you_mean
from gateway.auth.versions import refuse_other_version
from gateway.core.naming import Flaw, email_flaw, group_flaw, label_flaw, name_flaw
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import Change, NameTaken, OwnerEntry

ID_BYTES = 8
MAX_COMPARED = 2000  # owners looked through for a near miss
MAX_ORGANISATIONS = 100  # more than fit into a header, which carries 3 kB in all
_WORD = {OwnerKind.USER: "user", OwnerKind.APPLICATION: "application"}
_A_WORD = {OwnerKind.USER: "a user", OwnerKind.APPLICATION: "an application"}
_LIST = {OwnerKind.USER: "token-gateway user list", OwnerKind.APPLICATION: "token-gateway app list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerChanged:
    """An owner after a change. `changed`: it was not so already. `effect`: None when nothing had to be awaited."""

    entry: OwnerEntry
    changed: bool = True
    effect: Effect | None = None
    tokens_revoked: int = 0

    @property
    def owner(self) -> Owner:
        """The owner alone."""
        return self.entry.owner


async def create_owner(
    desk: Desk,
    *,
    actor: Actor,
    kind: OwnerKind,
    login: str,
    name: str = "",
    email: str = "",
    groups: Sequence[str] = (),
    organisations: Sequence[str] = (),
    sso: bool = False,
    address: str = "",
) -> Owner:
    """Create a user or an application, enabled. Groups must be declared in the configuration.

    `sso`: a person who signs in elsewhere. They count as confirmed from now on, for `tokens.reconfirm_every`.
    """
    if sso and kind is not OwnerKind.USER:
        raise Refused("bad_value", field="sso", message="an application does not sign in", mend="leave it away")
    refuse_flaw("login", "the login" if kind is OwnerKind.USER else "the name", login, label_flaw)
    refuse_profile(name=name, email=email, organisations=organisations)
    refuse_groups(desk, groups)
    owner = Owner(
        id=secrets.token_hex(ID_BYTES),
        kind=kind,
        login=login,
        name=name,
        email=email,
        groups=tuple(sorted(set(groups))),
        organisations=tuple(sorted(set(organisations))),
        sso=sso,
    )
    try:
        async with desk.store.change(actor=actor.name, address=address) as change:
            owner = replace(owner, confirmed_at=change.at if sso else None)
            await demand(change, desk, actor, Act.ADD_OWNER, owner)
            await change.add_owner(owner)
    except NameTaken:
        raise Refused(
            "login_taken",
            field="login",
            message=f"{login} is the name of a user or application already, or once was",
            mend="choose another; names are shared by both and never given again",
        ) from None
    return owner


def refuse_groups(desk: Desk, groups: Sequence[str], *, field: str = "groups") -> None:
    """Refuse groups that are not declared in the configuration."""
    for group in groups:
        refuse_flaw(field, "a group", group, group_flaw)
        if group not in desk.settings.groups:
            known = list(desk.settings.groups)
            raise Refused(
                "unknown_group",
                field=field,
                message=f"group {group} is not declared",
                mend=did_you_mean(group, known, otherwise=f"declared are: {', '.join(known) or 'none'} (`groups:`)"),
            )


async def find_owner(desk: Desk, *, kind: OwnerKind, login: str) -> OwnerEntry:
    """The user or application of that login; Refused `not_found` with the nearest name."""
    entry = await desk.store.owner(login=login)
    if entry is None or entry.deleted_at is not None or entry.owner.kind is not kind:
        raise await _unknown(desk, kind, login, entry)
    return entry


async def owner_in(change: Change, desk: Desk, *, kind: OwnerKind, login: str) -> Owner:
    """As `find_owner`, as the transaction sees it."""
    entry = await change.owner(login=login)
    if entry is None or entry.deleted_at is not None or entry.owner.kind is not kind:
        raise await _unknown(desk, kind, login, entry)
    return entry.owner


async def entry_in(change: Change, owner: Owner) -> OwnerEntry:
    """An owner who was found in this very change, as they are in it now, with their version."""
    entry = await change.owner(id=owner.id)
    assert entry is not None  # no row of an owner is ever removed
    return entry


async def refuse_other_owner_version(change: Change, owner: Owner, expected: int | None) -> None:
    """Refused `changed_meanwhile` when the owner is not as the editor has seen it. Ask before writing."""
    refuse_other_version(owner.login, (await entry_in(change, owner)).version, expected)


async def owner_for(change: Change, desk: Desk, actor: Actor, act: Act, *, kind: OwnerKind, login: str) -> Owner:
    """As `owner_in`, for whoever may do this to others of the kind or to themselves; no other learns who is there."""
    refuse_blind(desk, await acting(change, desk, actor), act, kind=kind, login=login)
    return await owner_in(change, desk, kind=kind, login=login)


async def edit_owner(
    desk: Desk,
    *,
    actor: Actor,
    kind: OwnerKind,
    login: str,
    name: str | None = None,
    email: str | None = None,
    organisations: Sequence[str] | None = None,
    expected_version: int | None = None,
    address: str = "",
) -> OwnerChanged:
    """Set what is given: how an owner is called, the address (an application's contact), the organisations.

    The login stays: apps know people by it. Returns when the change is effective everywhere. `expected_version`: the
    one that the editor has seen; Refused `changed_meanwhile` when it is another by now.
    """
    refuse_profile(name=name or "", email=email or "", organisations=organisations or ())
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_for(change, desk, actor, Act.EDIT_OWNER, kind=kind, login=login)
        await demand(change, desk, actor, Act.EDIT_OWNER, owner)
        await refuse_other_owner_version(change, owner, expected_version)
        changed = await change.edit_owner(owner.id, name=name, email=email)
        if organisations is not None:
            changed |= await change.set_organisations(owner.id, organisations)
        after = await entry_in(change, owner)
    return OwnerChanged(entry=after, changed=changed, effect=await effective(desk) if changed else None)


async def set_enabled(
    desk: Desk, *, actor: Actor, kind: OwnerKind, login: str, enabled: bool, address: str = ""
) -> OwnerChanged:
    """Enable or disable an owner, and with it all of its tokens. Disabling returns when it is effective everywhere."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        act = Act.ENABLE if enabled else Act.DISABLE
        owner = await owner_for(change, desk, actor, act, kind=kind, login=login)
        await demand(change, desk, actor, act, owner)
        await refuse_last(change, desk, actor, was=owner, after=replace(owner, enabled=enabled))
        changed = await change.set_owner_enabled(owner.id, enabled)
        after = await entry_in(change, owner)
    return OwnerChanged(entry=after, changed=changed, effect=None if enabled else await effective(desk))


async def delete_owner(
    desk: Desk, *, actor: Actor, kind: OwnerKind, login: str, expected_version: int | None = None, address: str = ""
) -> OwnerChanged:
    """Delete an owner and revoke its tokens, for good. Returns when that is effective everywhere, with the owner as it
    was. Refused `changed_meanwhile` as for `edit_owner`.
    """
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await owner_for(change, desk, actor, Act.DELETE_OWNER, kind=kind, login=login)
        await demand(change, desk, actor, Act.DELETE_OWNER, owner)
        await refuse_last(change, desk, actor, was=owner, after=None)
        await refuse_other_owner_version(change, owner, expected_version)
        before = await entry_in(change, owner)
        count = await change.delete_owner(owner.id)
    return OwnerChanged(entry=before, effect=await effective(desk), tokens_revoked=count)


async def _unknown(desk: Desk, kind: OwnerKind, login: str, entry: OwnerEntry | None) -> Refused:
    word = _WORD[kind]
    if label_flaw(login) is not None:
        return Refused(NOT_FOUND, field="login", message=f"there is no such {word}", mend=f"see `{_LIST[kind]}`")
    if entry is not None and entry.owner.kind is not kind:
        other = _A_WORD[entry.owner.kind]
        return Refused(NOT_FOUND, field="login", message=f"{login} is not {_A_WORD[kind]}", mend=f"it is {other}")
    mend = f"see `{_LIST[kind]}`"
    listed = await desk.store.owner_page(kind, limit=MAX_COMPARED)  # no more, lest each typo keep others waiting
    if listed.after is None:
        mend = did_you_mean(login, [one.owner.login for one in listed.rows], otherwise=mend)
    gone = " any more" if entry is not None else ""
    return Refused(NOT_FOUND, field="login", message=f"there is no {word} {login}{gone}", mend=mend)


def refuse_profile(*, name: str, email: str, organisations: Sequence[str]) -> None:
    """Refused with the field that breaks a rule."""
    refuse_flaw("name", "the display name", name, lambda text: name_flaw(text, required=False))
    refuse_flaw("email", "the e-mail address", email, email_flaw)
    if len(set(organisations)) > MAX_ORGANISATIONS:
        raise Refused(
            "bad_value",
            field="organisations",
            message=f"there are {len(set(organisations))} organisations",
            mend=f"give at most {MAX_ORGANISATIONS}",
        )
    for organisation in organisations:
        refuse_flaw("organisations", "an organisation", organisation, label_flaw)


def refuse_flaw(field: str, what: str, text: str, rule: Callable[[str], Flaw | None]) -> None:
    """Refused when the rule says what is wrong; the value itself is not repeated."""
    flaw = rule(text)
    if flaw is not None:
        raise Refused("bad_value", field=field, message=f"{what} {flaw.what}", mend=flaw.mend)
