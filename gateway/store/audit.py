"""The audit log: append-only, numbered without gaps, each row sealed over the one before it.

The seal is HMAC-SHA256 under a key of the key file, so that who can write the database cannot rewrite its history. No
secret is ever in a row: what is written down here is ids, names, and the values of settings.
"""

import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Executable, Row, select

from gateway.store.columns import to_microseconds
from gateway.store.tables import audit, meta

FIRST_MAC = bytes(32)
_PAGE = 100  # rows are made and sealed on the loop, some 20 us each: no check waits for more of them
_FIELDS = ("seq", "at", "actor", "address", "action", "subject_kind", "subject_id", "subject_label", "detail", "key_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an audit row is about. The label is its name at that time, since names go away and ids do not speak."""

    kind: str
    id: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One thing that happened. `detail` is canonical JSON."""

    seq: int
    at: datetime
    actor: str
    address: str
    action: str
    subject: Subject
    detail: str
    key_id: str


class Sealed(NamedTuple):
    """A row with its seal."""

    row: AuditRow
    mac: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditHead:
    """The end of the chain: the number and the seal of the last row, and the store's epoch."""

    seq: int
    mac: bytes
    epoch: str


def canonical_json(detail: Mapping[str, Any]) -> str:
    """The one spelling of a detail. TypeError for what is not JSON, a `Secret` above all."""
    return json.dumps(detail, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def seal(audit_key: bytes, before: bytes, row: AuditRow) -> bytes:
    """The MAC of a row whose predecessor has the MAC `before`."""
    subject = row.subject
    fields = [row.seq, to_microseconds(row.at), row.actor, row.address, row.action]
    fields += [subject.kind, subject.id, subject.label, row.detail, row.key_id]
    text = json.dumps(dict(zip(_FIELDS, fields, strict=True)), sort_keys=True, separators=(",", ":"))
    return hmac.digest(audit_key, before + text.encode("ascii"), "sha256")


def row_values(row: AuditRow, mac: bytes) -> dict[str, Any]:
    """The columns of a sealed row."""
    return {
        "seq": row.seq,
        "at": row.at,
        "actor": row.actor,
        "address": row.address,
        "action": row.action,
        "subject_kind": row.subject.kind,
        "subject_id": row.subject.id,
        "subject_label": row.subject.label,
        "detail": row.detail,
        "key_id": row.key_id,
        "mac": mac,
    }


def sealed_row(row: Row[Any]) -> Sealed:
    """The row of the table with its seal."""
    subject = Subject(kind=row.subject_kind, id=row.subject_id, label=row.subject_label)
    found = AuditRow(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        address=row.address,
        action=row.action,
        subject=subject,
        detail=row.detail,
        key_id=row.key_id,
    )
    return Sealed(found, row.mac)


class Reads(Protocol):
    """The engine's way to run one statement that reads."""

    async def read(self, statement: Executable) -> Sequence[Any]:
        """All rows of the statement."""
        ...


async def load_head(reads: Reads) -> AuditHead:
    """The end of the chain, as the store names it."""
    ((seq, mac, epoch),) = await reads.read(select(meta.c.audit_seq, meta.c.audit_mac, meta.c.epoch))
    return AuditHead(seq=seq, mac=mac, epoch=epoch)


async def rows_after(reads: Reads, after: int, until: int) -> AsyncIterator[Sealed]:
    """The rows with their MACs, numbered above `after` up to `until`, in order, a page in memory at a time."""
    while True:
        page = await reads.read(
            select(audit).where(audit.c.seq > after, audit.c.seq <= until).order_by(audit.c.seq).limit(_PAGE)
        )
        for row in page:
            yield sealed_row(row)
        if len(page) < _PAGE:
            return
        after = page[-1].seq
