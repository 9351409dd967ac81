"""The use case behind `import users`: people from a CSV file, line by line, in batches of one transaction each.

An empty cell empties the field; a column that is not in the file leaves the field as it is. A line goes in whole or not
at all, and a bad one stops none of the others. The same file a second time changes nothing.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.imports.report import RefusedLine
from gateway.auth.imports.rows import BadRow, Row, read_rows
from gateway.auth.last_one import refuse_last
from gateway.auth.owners import ID_BYTES
from gateway.auth.power import acting, refuse_lacking, refuse_without
from gateway.auth.refused import Refused
from gateway.core.naming import Flaw, email_flaw, group_flaw, label_flaw, name_flaw
from gateway.core.owner import SSO, Owner, OwnerKind
from gateway.core.power import Act, Actor
from gateway.store import Change, OwnerEntry

COLUMNS = ("login", "name", "email", "groups", "organisations", "enabled")
BATCH = 100  # users in one transaction: a quarter of a second, in which nobody else can write

_BETWEEN = re.compile(r"[,;|\s]+")
_ENABLED = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedUsers:
    """How many lines did what. `effect`: None when no access that somebody had was taken away."""

    created: int
    updated: int
    unchanged: int
    refused: int
    effect: Effect | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """One line, judged; None where the file has no such column."""

    line: int
    login: str
    name: str | None
    email: str | None
    groups: tuple[str, ...] | None
    organisations: tuple[str, ...] | None
    enabled: bool | None


@dataclass(slots=True)
class _Counts:
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    lines_of: dict[str, int] = field(default_factory=dict)  # folded login -> its first line


class _DryRunError(Exception):
    """Takes back the transaction of a dry run."""


async def import_users(
    desk: Desk,
    *,
    actor: Actor,
    source: BinaryIO,
    refused: Callable[[RefusedLine], None],
    progress: Callable[[int], None],
    update: bool = False,
    dry_run: bool = False,
    address: str = "",
) -> ImportedUsers:
    """Create the users that are not there, and with `update` change those that are. `progress`: bytes read so far.

    A dry run does all of it and takes it back. Refused when the file does not name its columns.
    """
    counts = _Counts()

    def refuse(one: RefusedLine) -> None:
        counts.refused += 1
        refused(one)

    narrowed = False
    batch: list[_Wish] = []
    for row in read_rows(source, columns=COLUMNS, needed=("login",)):
        found = _judge(desk, row, counts)
        if isinstance(found, _Wish):
            batch.append(found)
        else:
            refuse(found)
        if len(batch) == BATCH:
            narrowed |= await _store(desk, batch, counts, refuse, actor, address, update=update, dry_run=dry_run)
            batch.clear()
            progress(row.end)
    narrowed |= await _store(desk, batch, counts, refuse, actor, address, update=update, dry_run=dry_run)
    return ImportedUsers(
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        refused=counts.refused,
        effect=await effective(desk) if narrowed and not dry_run else None,
    )


async def _store(
    desk: Desk,
    batch: Sequence[_Wish],
    counts: _Counts,
    refuse: Callable[[RefusedLine], None],
    actor: Actor,
    address: str,
    *,
    update: bool,
    dry_run: bool,
) -> bool:
    """One transaction; whether it took away access that somebody had."""
    narrowed = False
    if not batch:
        return narrowed
    done: list[str] = []
    late: list[RefusedLine] = []
    try:
        async with desk.store.change(actor=actor.name, address=address) as change:
            now = await acting(change, desk, actor)
            refuse_without(desk, now, "users", what="import users")
            for wish in batch:
                outcome = await _put(change, desk, now, wish, update=update)
                if isinstance(outcome, RefusedLine):
                    late.append(outcome)
                else:
                    done.append(outcome)
            if dry_run:
                raise _DryRunError
    except _DryRunError:
        pass
    # Counted only now: of a transaction that fails nothing was done.
    counts.created += done.count("created")
    counts.updated += done.count("updated")
    counts.unchanged += done.count("unchanged")
    for one in late:
        refuse(one)
    return "updated" in done


async def _put(change: Change, desk: Desk, actor: Actor, wish: _Wish, *, update: bool) -> str | RefusedLine:
    """One line; whatever it needs leave for is asked before any of it is written."""
    entry = await change.owner(login=wish.login)
    try:
        if entry is None:
            return await _create(change, desk, actor, wish)
        return await _update(change, desk, actor, wish, entry, update=update)
    except Refused as refused:
        return _refused(wish.line, "login", wish.login, f"is refused: {refused.message}", refused.mend)


async def _create(change: Change, desk: Desk, actor: Actor, wish: _Wish) -> str:
    owner = Owner(
        id=secrets.token_hex(ID_BYTES),
        kind=OwnerKind.USER,
        login=wish.login,
        name=wish.name or "",
        email=wish.email or "",
        groups=wish.groups or (),
        organisations=wish.organisations or (),
        enabled=wish.enabled is not False,
    )
    refuse_lacking(desk, actor, Act.ADD_OWNER, owner)
    await change.add_owner(owner)
    return "created"


async def _update(
    change: Change, desk: Desk, actor: Actor, wish: _Wish, entry: OwnerEntry, *, update: bool
) -> str | RefusedLine:
    if entry.deleted_at is not None:
        return _refused(wish.line, "login", wish.login, "was deleted", "names are never given again; choose another")
    if entry.owner.kind is not OwnerKind.USER:
        return _refused(wish.line, "login", wish.login, "is an application", "choose another login")
    if not update:
        return "unchanged"
    # What is the same already is not asked for: most lines of a second import change nothing.
    owner, changed = entry.owner, False
    await _refuse_update(change, desk, actor, wish, owner)
    if wish.name not in {None, owner.name} or wish.email not in {None, owner.email}:
        changed |= await change.edit_owner(owner.id, name=wish.name, email=wish.email)
    if wish.groups is not None:  # those of the owner may be of a single sign-on, and stay apart
        changed |= await change.set_groups(owner.id, wish.groups)
    if wish.organisations not in {None, owner.organisations}:
        changed |= await change.set_organisations(owner.id, wish.organisations or ())
    if wish.enabled not in {None, owner.enabled}:
        changed |= await change.set_owner_enabled(owner.id, bool(wish.enabled))
    return "updated" if changed else "unchanged"


async def _refuse_update(change: Change, desk: Desk, actor: Actor, wish: _Wish, owner: Owner) -> None:
    """Refused unless the actor may do to this user what the line says, as they would be afterwards."""
    groups = owner.groups
    if wish.groups is not None:
        groups = tuple(sorted(frozenset(wish.groups) | await change.groups_of(owner.id, source=SSO)))
    after = replace(owner, groups=groups)
    refuse_lacking(desk, actor, Act.EDIT_OWNER, after)
    if groups != owner.groups:
        refuse_lacking(desk, actor, Act.SET_GROUPS, after, was=owner)
    if wish.enabled not in {None, owner.enabled}:
        after = replace(after, enabled=bool(wish.enabled))
        refuse_lacking(desk, actor, Act.ENABLE if wish.enabled else Act.DISABLE, after, was=owner)
    await refuse_last(change, desk, actor, was=owner, after=after)


def _judge(desk: Desk, row: Row | BadRow, counts: _Counts) -> _Wish | RefusedLine:
    """The line as a wish, or the first field that is wrong."""
    if isinstance(row, BadRow):
        return _refused(row.line, "line", "", row.why, row.mend)
    cell = row.values.get
    login = row.values["login"]
    enabled = cell("enabled") or None
    groups, organisations = _listed(cell("groups")), _listed(cell("organisations"))
    judged: list[tuple[str, str, Flaw | None]] = [
        ("login", login, label_flaw(login)),
        ("name", cell("name", ""), name_flaw(cell("name", ""), required=False)),
        ("email", cell("email", ""), email_flaw(cell("email", ""))),
        *(("groups", name, _group_flaw(desk, name)) for name in groups or ()),
        *(("organisations", name, label_flaw(name)) for name in organisations or ()),
    ]
    if enabled is not None and enabled.lower() not in _ENABLED:
        judged.append(("enabled", enabled, Flaw("is neither true nor false", "write true or false")))
    for column, value, flaw in judged:
        if flaw is not None:
            return _refused(row.line, column, value, flaw.what, flaw.mend)
    first = counts.lines_of.setdefault(login.casefold(), row.line)
    if first != row.line:
        return _refused(row.line, "login", login, f"is on line {first} already", "remove one of the two lines")
    return _Wish(
        line=row.line,
        login=login,
        name=cell("name"),
        email=cell("email"),
        groups=groups,
        organisations=organisations,
        enabled=None if enabled is None else _ENABLED[enabled.lower()],
    )


def _group_flaw(desk: Desk, name: str) -> Flaw | None:
    flaw = group_flaw(name)
    if flaw is None and name not in desk.settings.groups:
        return Flaw("is not a declared group", "declare it under groups, or leave it away")
    return flaw


def _listed(text: str | None) -> tuple[str, ...] | None:
    """Names with commas, semicolons, bars or spaces between them, none of which a name can hold."""
    if text is None:
        return None
    return tuple(sorted({name for name in _BETWEEN.split(text) if name}))


def _refused(line: int, column: str, value: str, why: str, mend: str) -> RefusedLine:
    return RefusedLine(line=line, field=column, value=value, why=why, mend=mend)
