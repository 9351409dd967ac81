"""The audit log: append-only, numbered without gaps, each row sealed over the one before it.

The seal is HMAC-SHA256 under a key of the key file, so that who can write the database cannot rewrite its history. No
secret is ever in a row: what is written down here is ids, names, and the values of settings.
"""

import hmac
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Executable, Row, select

from gateway.store.columns import to_microseconds
from gateway.store.tables import audit, meta

FIRST_MAC = bytes(32)
_PAGE = 1000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """What a verification found: how many rows hold, and the first that does not, if any, with the reason in words."""

    rows: int
    fault_at: int | None = None
    fault: str = ""


class Reads(Protocol):
    """The engine's way to run one statement that reads."""

    async def read(self, statement: Executable) -> Sequence[Any]:
        """All rows of the statement."""
        ...


async def rows_after(reads: Reads, after: int, until: int) -> AsyncIterator[tuple[AuditRow, bytes]]:
    """The rows with their MACs, numbered above `after` up to `until`, in order, a page in memory at a time."""
    while True:
        page = await reads.read(
            select(audit).where(audit.c.seq > after, audit.c.seq <= until).order_by(audit.c.seq).limit(_PAGE)
        )
        for row in page:
            yield _audit_row(row), row.mac
        if len(page) < _PAGE:
            return
        after = page[-1].seq


async def verify(reads: Reads, audit_keys: Mapping[str, bytes]) -> AuditVerdict:
    """Check every row up to the head that the store names. Rows appended meanwhile are left for the next time."""
    ((head_seq, head_mac),) = await reads.read(select(meta.c.audit_seq, meta.c.audit_mac))
    seq, mac = 0, FIRST_MAC
    async for row, found in rows_after(reads, 0, head_seq):
        if row.seq != seq + 1:
            return AuditVerdict(rows=seq, fault_at=seq + 1, fault="the row is missing")
        if row.key_id not in audit_keys:
            return AuditVerdict(rows=seq, fault_at=row.seq, fault=f"key {row.key_id} is not in the key file")
        mac = seal(audit_keys[row.key_id], mac, row)
        if not hmac.compare_digest(mac, found):
            return AuditVerdict(rows=seq, fault_at=row.seq, fault="the row, or one before it, was altered")
        seq = row.seq
    if seq != head_seq:
        return AuditVerdict(rows=seq, fault_at=seq + 1, fault="the row is missing")
    if not hmac.compare_digest(mac, head_mac):
        return AuditVerdict(rows=seq, fault_at=seq, fault="the head does not match the last row")
    return AuditVerdict(rows=seq)


def _audit_row(row: Row[Any]) -> AuditRow:
    return AuditRow(
        seq=row.seq,
        at=row.at,
        actor=row.actor,
        address=row.address,
        action=row.action,
        subject=Subject(kind=row.subject_kind, id=row.subject_id, label=row.subject_label),
        detail=row.detail,
        key_id=row.key_id,
    )
