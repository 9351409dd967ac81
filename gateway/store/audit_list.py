"""Reading the audit log: by filters, newest first, with the row's number as the cursor."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from gateway.store.audit import Reads, Sealed, sealed_row
from gateway.store.tables import audit, tokens

WINDOW = 20_000  # rows looked through by one statement, so that a filter that few rows pass holds up nobody


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """What a row has to be. What is None is not asked for; `owner_id` takes in what was done to the owner's tokens.

    `since` is the first moment that counts, `until` the first that does not.
    """

    actors: Collection[str] | None = None
    action: str | None = None
    kind: str | None = None
    token_id: str | None = None
    owner_id: str | None = None
    label: str | None = None
    address: str | None = None
    reason: str | None = None  # why checks were refused; of those for unknown tokens, one of the reasons
    route: str | None = None  # that refused
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """Rows, newest first. `below` is where the next page begins; None when there is none."""

    rows: tuple[Sealed, ...]
    below: int | None


async def load_page(reads: Reads, wanted: AuditFilter, *, below: int | None, limit: int) -> AuditPage:
    """The newest rows that pass, numbered below `below`. Rows written meanwhile do not move what a cursor means."""
    ((oldest, newest),) = await reads.read(select(func.min(audit.c.seq), func.max(audit.c.seq)))
    if newest is None:
        return AuditPage(rows=(), below=None)
    top = newest + 1 if below is None else min(below, newest + 1)
    passing = _passing(wanted)
    found: list[Sealed] = []
    while top > oldest and len(found) <= limit:
        bottom = max(oldest, top - WINDOW)
        window = passing.where(audit.c.seq >= bottom, audit.c.seq < top)
        found += map(sealed_row, await reads.read(window.limit(limit + 1 - len(found))))
        top = bottom
    rows = tuple(found[:limit])
    return AuditPage(rows=rows, below=rows[-1].row.seq if len(found) > limit else None)


def _passing(wanted: AuditFilter) -> Select[tuple[object, ...]]:
    statement = select(audit).order_by(audit.c.seq.desc())
    equal = (
        (audit.c.action, wanted.action),
        (audit.c.subject_kind, wanted.kind),
        (audit.c.subject_label, wanted.label),
        (audit.c.address, wanted.address),
    )
    for column, value in equal:
        if value is not None:
            statement = statement.where(column == value)
    if wanted.actors is not None:
        statement = statement.where(audit.c.actor.in_(wanted.actors))
    if wanted.token_id is not None:
        statement = statement.where(audit.c.subject_kind == "token", audit.c.subject_id == wanted.token_id)
    if wanted.owner_id is not None:
        own = select(tokens.c.id).where(tokens.c.owner_id == wanted.owner_id)
        of_token = and_(audit.c.subject_kind == "token", audit.c.subject_id.in_(own))
        of_owner = and_(audit.c.subject_kind != "token", audit.c.subject_id == wanted.owner_id)
        statement = statement.where(or_(of_owner, of_token))
    if wanted.reason is not None:
        of_many = and_(audit.c.action == "refused_unknown", _tells(json.dumps(wanted.reason) + ":"))
        statement = statement.where(or_(_tells(f'"reason":{json.dumps(wanted.reason)}'), of_many))
    if wanted.route is not None:
        statement = statement.where(_tells(f'"route":{json.dumps(wanted.route)}'))
    if wanted.since is not None:
        statement = statement.where(audit.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(audit.c.at < wanted.until)
    return statement


def _tells(part: str) -> ColumnElement[bool]:
    """Whether a row's detail, as it is written, has this part. By `replace`, whose case counts in every engine. No text
    that somebody chose can be taken for a part: its quotes are escaped.
    """
    return func.replace(audit.c.detail, part, "") != audit.c.detail
