"""The use cases of the audit log: read it, export it, verify it, remove what is old enough.

Reading needs the permission `audit`. Removing is for the operator at the command line alone: who may read what others
did must not be able to make it disappear.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.auth.audit_against import compare
from gateway.auth.audit_export import head_line, row_line
from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.token_known import read_reference, refuse_unknown
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Actor, How
from gateway.store import AuditFilter, AuditHead, AuditPage, AuditVerdict, Sealed
from gateway.store.change_audit import PRUNED_AT_ONCE

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A page of the audit. `owners` has those of the actors that are owners, by their id."""

    page: AuditPage
    owners: Mapping[str, Owner]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An export that was written: how many rows, and the head that it ends with."""

    rows: int
    head: AuditHead


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """A prune that was done: how many rows went, and how many are left."""

    rows: int
    left: int


async def list_audit(
    desk: Desk,
    *,
    actor: Actor,
    who: str | None = None,
    action: str | None = None,
    kind: str | None = None,
    token: str | None = None,
    owner_kind: OwnerKind | None = None,
    login: str | None = None,
    label: str | None = None,
    address: str | None = None,
    reason: str | None = None,
    route: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    below: int | None = None,
    limit: int = 50,
) -> Listed:
    """The newest rows that pass every filter given; `below` continues a list at the number it ended with.

    `who` is as rows name the actor (`cli:alice`, `token:tgp_...`, `gateway`), or the login of an owner. An owner's rows
    are those about the owner, also a deleted one, and about the owner's tokens. Refused `not_found` for a token or
    owner that never was.
    """
    refuse_reading(desk, actor)
    if not 1 <= limit <= MAX_LIMIT:
        raise Refused("bad_value", field="limit", message="the limit is out of range", mend=f"use 1 to {MAX_LIMIT}")
    token_id = None
    if token is not None:
        token_id = read_reference(desk, token)
        if await desk.store.token(token_id) is None:
            await refuse_unknown(desk, actor, token)
    wanted = AuditFilter(
        actors=None if who is None else await _actors(desk, who),
        action=action,
        kind=kind,
        token_id=token_id,
        owner_id=None if login is None else await _owner_id(desk, owner_kind, login),
        label=label,
        address=address,
        reason=reason,
        route=route,
        since=since,
        until=until,
    )
    page = await desk.store.audit_page(wanted, below=below, limit=limit)
    return Listed(page=page, owners=await _owners(desk, page.rows))


async def export_audit(
    desk: Desk,
    *,
    actor: Actor,
    write: Callable[[str], object],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Exported:
    """Hand every row to `write` as a line, oldest first, and the head as the last line. In constant memory.

    `since` is the first moment that counts, `until` the first that does not; the head is the chain's in any case.
    """
    refuse_reading(desk, actor)
    head, rows = await desk.store.audit_head(), 0
    async for line in export_lines(desk, head, since=since, until=until):
        write(line)
        rows += 1
    return Exported(rows=rows - 1, head=head)


async def export_lines(
    desk: Desk, head: AuditHead, *, since: datetime | None = None, until: datetime | None = None
) -> AsyncIterator[str]:
    """The lines of an export up to a head, its own the last; whether who asks may read is asked before. In constant
    memory.
    """
    async for sealed in desk.store.audit_rows(until=head.seq):
        at = sealed.row.at
        if (since is None or at >= since) and (until is None or at < until):
            yield row_line(sealed) + "\n"
    yield head_line(head) + "\n"


async def verify_audit(desk: Desk, *, actor: Actor, against: Iterable[bytes] | None = None) -> AuditVerdict:
    """Check the chain with the keys of the key file, and then that it holds all that the lines of an export say."""
    refuse_reading(desk, actor)
    verdict = await desk.store.verify_audit()
    if against is None or verdict.fault_at is not None:
        return verdict
    return await compare(desk.store, verdict, against)


async def prune_audit(
    desk: Desk, *, actor: Actor, before: datetime, though_broken: bool = False, address: str = ""
) -> Pruned:
    """Remove the rows that are older than `before`, and leave a checkpoint from which the rest can be verified.

    A chain that does not hold is not pruned, because that would remove the evidence; `though_broken` does it all the
    same, and what was wrong stays on the record. Refused `audit_broken`; `permission` to all but the operator.
    """
    if actor.how is not How.CLI:
        mend = "the operator does that, with `token-gateway audit prune`"
        raise Refused("permission", message="you may not remove rows of the audit", mend=mend)
    if before > desk.now():
        raise Refused("bad_value", field="before", message="that is in the future", mend="name a day that is over")
    verdict = await desk.store.verify_audit()
    if verdict.fault_at is not None and not though_broken:
        raise Refused(
            "audit_broken",
            message=f"the audit does not hold: row {verdict.fault_at}: {verdict.fault}",
            mend="keep a copy of the database as evidence, find out what happened, then prune with --though-broken",
        )
    fault = "" if verdict.fault_at is None else f"row {verdict.fault_at}: {verdict.fault}"
    gone = rows = 0
    while rows == 0 or gone >= PRUNED_AT_ONCE:
        async with desk.store.change(actor=actor.name, address=address) as change:
            gone = await change.prune_audit(before, fault=fault)
        rows += gone
        if gone == 0:
            break
    head, checkpoint = await desk.store.audit_head(), await desk.store.audit_checkpoint()
    return Pruned(rows=rows, left=head.seq - checkpoint.seq)


def refuse_reading(desk: Desk, actor: Actor) -> None:
    """Refused without the permission `audit`."""
    refuse_without(desk, actor, "audit", what="read the audit")


async def _actors(desk: Desk, who: str) -> frozenset[str]:
    entry = await desk.store.owner(login=who)
    return frozenset({who} if entry is None else {who, entry.owner.id})


async def _owner_id(desk: Desk, kind: OwnerKind | None, login: str) -> str:
    """Also that of a deleted one: its past is what one looks for here."""
    entry = await desk.store.owner(login=login)
    if entry is None or (kind is not None and entry.owner.kind is not kind):
        raise Refused(
            NOT_FOUND,
            field="login",
            message=f"there is no {'owner' if kind is None else kind.value} {login}, and never was",
            mend="`token-gateway user list` and `token-gateway app list` show those there are",
        )
    return entry.owner.id


async def _owners(desk: Desk, rows: Iterable[Sealed]) -> dict[str, Owner]:
    found = {}
    for actor in {sealed.row.actor for sealed in rows}:
        entry = None if ":" in actor else await desk.store.owner(id=actor)
        if entry is not None:
            found[actor] = entry.owner
    return found
