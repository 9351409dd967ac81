"""People who sign in elsewhere: what the single sign-on or a directory's export says of them counts.

Only users who were made for that (`sso`) are touched, and only their groups from there: local users, applications and
local groups are not. An export that would lock out most of the people is a broken export until somebody insists.
"""

import secrets
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.directory_file import Listed
from gateway.auth.last_one import refuse_last
from gateway.auth.owners import ID_BYTES, OwnerChanged, entry_in, owner_for
from gateway.auth.power import acting, demand, refuse_lacking, refuse_without
from gateway.auth.refused import Refused
from gateway.auth.vouched import grantable
from gateway.core.naming import printable, without_tokens
from gateway.core.owner import SSO, Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import Change, OwnerEntry, Subject

BATCH = 200  # people in one change: nobody else writes meanwhile


MAX_SHOWN = 100  # characters of a group's name: it came from outside, and was held to no rule


class _Undone(Exception):  # noqa: N818  what a dry run did is rolled back
    pass


class Done(StrEnum):
    """What became of one person."""

    CREATED = "created"
    UPDATED = "updated"
    ENABLED = "enabled"
    DISABLED = "disabled"
    CONFIRMED = "confirmed"  # as they were; still there
    UNCHANGED = "unchanged"  # as they were: disabled
    MISSING = "missing"  # here, and not in the export
    UNKNOWN = "unknown"  # in the export, and not here
    LOCAL = "local"  # the name of a local user or an application: not touched
    DELETED = "deleted"  # was deleted here; a name is never given again


@dataclass(slots=True, kw_only=True)
class Synced:
    """What a synchronisation did, or would do. `left_out` are groups that the configuration does not declare, or
    does not give to people from elsewhere.
    """

    logins: dict[Done, list[str]] = field(default_factory=lambda: {done: [] for done in Done})
    left_out: set[str] = field(default_factory=set)
    dry_run: bool = False
    effect: Effect | None = None


async def replace_sso_groups(
    desk: Desk, *, actor: Actor, login: str, groups: Sequence[str], address: str = ""
) -> OwnerChanged:
    """Replace the groups that a person has from the single sign-on; local ones stay. Only those that it may give."""
    declared = frozenset(groups) & grantable(desk.settings)
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await _sso_user(change, desk, actor, Act.SET_GROUPS, login)
        wished = await _regrouped(change, owner, declared)
        await demand(change, desk, actor, Act.SET_GROUPS, wished, was=owner)
        await refuse_last(change, desk, actor, was=owner, after=wished)
        changed = await change.set_groups(owner.id, declared, source=SSO)
        after = await entry_in(change, owner)
    return OwnerChanged(entry=after, changed=changed, effect=await effective(desk) if changed else None)


async def confirm(desk: Desk, *, actor: Actor, login: str, address: str = "") -> OwnerChanged:
    """Vouch for a person in place of the single sign-on: their tokens work for another `tokens.reconfirm_every`."""
    async with desk.store.change(actor=actor.name, address=address) as change:
        owner = await _sso_user(change, desk, actor, Act.CONFIRM, login)
        await demand(change, desk, actor, Act.CONFIRM, owner)
        await change.confirm_owner(owner.id)
        after = await entry_in(change, owner)
    return OwnerChanged(entry=after)


async def sync_directory(
    desk: Desk,
    *,
    actor: Actor,
    people: Sequence[Listed],
    create: bool = False,
    disable_missing: bool = False,
    dry_run: bool = False,
    force: bool = False,
    address: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Synced:
    """Set what a directory says: enabled or not, groups, name and address. Who is enabled there is confirmed.

    In batches, each whole or not at all; run it again after an interruption. Refused, and nothing done, when more than
    half of the enabled people of the single sign-on would be disabled, unless `force`. Returns when it is effective
    everywhere. `progress` is told how many people are done.
    """
    refuse_without(desk, actor, "users", what="synchronise people")  # asked again of each, as it is then
    here = {entry.owner.login.casefold(): entry for entry in await desk.store.users(with_deleted=True)}
    here |= {entry.owner.login.casefold(): entry for entry in await desk.store.applications(with_deleted=True)}
    listed = {one.login.casefold() for one in people}
    missing = [
        entry.owner.login for key, entry in here.items() if key not in listed and _is_sso(entry) and entry.owner.enabled
    ]
    if not force:
        _refuse_lock_out(people, here, missing if disable_missing else [])
    done = Synced(dry_run=dry_run)
    declared = grantable(desk.settings)
    for one in people:
        done.left_out |= {_shown(group) for group in one.groups - declared}
    for start in range(0, len(people), BATCH):
        batch = people[start : start + BATCH]
        results: list[Done] = []
        with suppress(_Undone):
            async with desk.store.change(actor=actor.name, address=address) as change:
                now = await acting(change, desk, actor)
                results = [await _set(change, desk, now, one, create=create) for one in batch]
                change.audit("directory_synced", Subject(kind="directory", id="sync"), Counter(results))
                if dry_run:
                    raise _Undone
        for one, result in zip(batch, results, strict=True):
            done.logins[result].append(one.login)
        progress(start + len(batch))
    for start in range(0, len(missing) if disable_missing and not dry_run else 0, BATCH):
        async with desk.store.change(actor=actor.name, address=address) as change:
            now = await acting(change, desk, actor)
            for login in missing[start : start + BATCH]:
                await _disable_missing(change, desk, now, login)
    done.logins[Done.DISABLED if disable_missing else Done.MISSING] += missing
    if not dry_run:
        done.effect = await effective(desk)
    return done


def _refuse_lock_out(people: Sequence[Listed], here: dict[str, OwnerEntry], missing: Sequence[str]) -> None:
    enabled = sum(_is_sso(entry) and entry.owner.enabled for entry in here.values())
    off = len(missing)
    for one in people:
        entry = here.get(one.login.casefold())
        off += entry is not None and _is_sso(entry) and entry.owner.enabled and not one.enabled
    if off * 2 > enabled:
        raise Refused(
            "would_lock_out",
            message=f"this would disable {off} of {enabled} people who sign in elsewhere; nothing was changed",
            mend="look at the file; if it is right, say --force",
        )


def _would(one: Listed, entry: OwnerEntry | None, *, create: bool) -> Done:
    if entry is None:
        return Done.CREATED if create else Done.UNKNOWN
    if entry.deleted_at is not None:
        return Done.DELETED
    if not _is_sso(entry):
        return Done.LOCAL
    if entry.owner.enabled is not one.enabled:
        return Done.ENABLED if one.enabled else Done.DISABLED
    profile = ((one.name, entry.owner.name), (one.email, entry.owner.email))
    if any(said is not None and said != known for said, known in profile):
        return Done.UPDATED
    return Done.CONFIRMED if one.enabled else Done.UNCHANGED


async def _set(change: Change, desk: Desk, actor: Actor, one: Listed, *, create: bool) -> Done:
    entry = await change.owner(login=one.login)
    done = _would(one, entry, create=create)
    if done in {Done.UNKNOWN, Done.DELETED, Done.LOCAL}:
        return done
    groups = one.groups & grantable(desk.settings)
    if entry is None:
        owner = Owner(
            id=secrets.token_hex(ID_BYTES),
            kind=OwnerKind.USER,
            login=one.login,
            name=one.name or "",
            email=one.email or "",
            enabled=one.enabled,
            sso=True,
        )
        refuse_lacking(desk, actor, Act.ADD_OWNER, replace(owner, groups=tuple(sorted(groups))))
        await change.add_owner(owner)
    else:
        owner = entry.owner
        wished = replace(await _regrouped(change, owner, groups), enabled=one.enabled)
        refuse_lacking(desk, actor, Act.SET_GROUPS, wished, was=owner)
        await refuse_last(change, desk, actor, was=owner, after=wished)
        await change.edit_owner(owner.id, name=one.name, email=one.email)
        await change.set_owner_enabled(owner.id, one.enabled)
    regrouped = await change.set_groups(owner.id, groups, source=SSO)
    if one.enabled:
        await change.confirm_owner(owner.id, is_one_of_many=True)
    return Done.UPDATED if regrouped and done in {Done.CONFIRMED, Done.UNCHANGED} else done


async def _disable_missing(change: Change, desk: Desk, actor: Actor, login: str) -> None:
    entry = await change.owner(login=login)
    if entry is not None and _is_sso(entry):
        refuse_lacking(desk, actor, Act.DISABLE, entry.owner)
        await refuse_last(change, desk, actor, was=entry.owner, after=replace(entry.owner, enabled=False))
        await change.set_owner_enabled(entry.owner.id, False)


def _shown(group: str) -> str:
    return printable(without_tokens(group)[:MAX_SHOWN])


async def _regrouped(change: Change, owner: Owner, groups: frozenset[str]) -> Owner:
    """The owner as they will be with these groups from the single sign-on."""
    local = await change.groups_of(owner.id)
    return replace(owner, groups=tuple(sorted(local | groups)))


async def _sso_user(change: Change, desk: Desk, actor: Actor, act: Act, login: str) -> Owner:
    owner = await owner_for(change, desk, actor, act, kind=OwnerKind.USER, login=login)
    if not owner.sso:
        raise Refused(
            "signs_in_here",
            field="login",
            message=f"{owner.login} is a local user",
            mend="only people of the single sign-on are confirmed by it; local ones need nobody",
        )
    return owner


def _is_sso(entry: OwnerEntry) -> bool:
    return entry.owner.sso and entry.deleted_at is None and entry.owner.kind is OwnerKind.USER
