"""Verifying the audit chain, from the last checkpoint to the head.

A prune removes the oldest rows and appends a row, `audit_pruned`, that names the last row that went and its seal. That
row is the checkpoint: it stands in the chain like any other, so nobody without a key makes one, and the oldest row that
is left is sealed over the very seal that it names. Only the newest checkpoint counts, and it always stays.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import func, or_, select

from gateway.store.audit import FIRST_MAC, AuditHead, Reads, Subject, load_head, rows_after, seal
from gateway.store.tables import audit, meta

PRUNED = "audit_pruned"
ITSELF = Subject(kind="audit", id="audit")
_ROUNDS = 3  # a prune in the middle of a verification makes it begin again


class Checkpoint(NamedTuple):
    """Where the chain begins: the number and the seal of the last row that was pruned."""

    seq: int
    mac: bytes


BEGINNING = Checkpoint(0, FIRST_MAC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """What a verification found: how many rows hold, and the first that does not, if any, with the reason in words.

    `head` is the end that was verified; `first` the number of the oldest row that there should be.
    """

    rows: int
    fault_at: int | None = None
    fault: str = ""
    first: int = field(default=1, compare=False)
    head: AuditHead | None = field(default=None, compare=False)


async def load_checkpoint(reads: Reads) -> Checkpoint:
    """The newest checkpoint as the database has it: to be believed only once its own row was verified."""
    of_prunes = (audit.c.subject_id == ITSELF.id) & (audit.c.action == PRUNED)
    newest = select(audit.c.seq, audit.c.detail).where(of_prunes, audit.c.seq <= meta.c.audit_seq)
    rows = await reads.read(newest.order_by(audit.c.seq.desc()).limit(1))
    return _named_by(rows[0].seq, rows[0].detail) if rows else BEGINNING


def _named_by(row_seq: int, detail: str) -> Checkpoint:
    """What a checkpoint's row says. One that does not lie behind the row itself would be held by no seal at all."""
    try:
        said = json.loads(detail)
        seq, mac = said["last_seq"], bytes.fromhex(said["last_mac"])
    except (ValueError, KeyError, TypeError):
        return BEGINNING
    return Checkpoint(seq, mac) if isinstance(seq, int) and 0 < seq < row_seq else BEGINNING


async def verify(reads: Reads, audit_keys: Mapping[str, bytes]) -> AuditVerdict:
    """Check every row up to the head that the store names. Rows appended meanwhile are left for the next time."""
    for _ in range(_ROUNDS):
        start = await load_checkpoint(reads)
        verdict = await _verify_from(reads, audit_keys, start)
        if verdict.fault_at is None or await load_checkpoint(reads) == start:
            break
    return verdict


async def _verify_from(reads: Reads, audit_keys: Mapping[str, bytes], start: Checkpoint) -> AuditVerdict:
    head = await load_head(reads)
    seq, mac = start

    def fault(at: int, words: str) -> AuditVerdict:
        return AuditVerdict(rows=seq - start.seq, fault_at=at, fault=words, first=start.seq + 1, head=head)

    async for row, found in rows_after(reads, start.seq, head.seq):
        if row.seq != seq + 1:
            return fault(seq + 1, "the row is missing")
        if row.key_id not in audit_keys:
            return fault(row.seq, f"key {row.key_id} is not in the key file")
        mac = seal(audit_keys[row.key_id], mac, row)
        if not hmac.compare_digest(mac, found):
            return fault(row.seq, "the row, or one before it, was altered")
        seq = row.seq
    if seq != head.seq:
        return fault(seq + 1, "the row is missing")
    if not hmac.compare_digest(mac, head.mac):
        return fault(seq, "the head does not match the last row")
    # One statement, so that a row appended at this moment is not taken for one beyond the head.
    outside = select(func.min(audit.c.seq)).where(or_(audit.c.seq <= start.seq, audit.c.seq > meta.c.audit_seq))
    ((stray,),) = await reads.read(outside)
    if stray is not None:
        return fault(stray, "the row is outside the chain")
    return AuditVerdict(rows=seq - start.seq, first=start.seq + 1, head=head)
