"""Holding the stored audit against a file that was kept elsewhere: truncation and alteration both show."""

from collections.abc import AsyncIterator, Iterable
from itertools import islice

from gateway.auth.audit_export import HeadLine, read_lines
from gateway.store import AuditVerdict, Checkpoint, Sealed, Store

BATCH = 500


async def compare(store: Store, verdict: AuditVerdict, lines: Iterable[bytes]) -> AuditVerdict:
    """The same verdict when every row and head of the file is in the chain, which `verdict` found to hold.

    Otherwise the first that is not. Rows that were pruned since cannot be compared, but for the last of them.
    """
    checkpoint = await store.audit_checkpoint()
    known = read_lines(lines)
    while batch := list(islice(known, BATCH)):
        found = await _first_fault(store, verdict, checkpoint, batch)
        if found is not None:
            at, words = found
            return AuditVerdict(rows=verdict.rows, fault_at=at, fault=words, first=verdict.first, head=verdict.head)
    return verdict


async def _first_fault(
    store: Store, verdict: AuditVerdict, checkpoint: Checkpoint, batch: list[Sealed | HeadLine]
) -> tuple[int, str] | None:
    end = 0 if verdict.head is None else verdict.head.seq
    numbers = {_number(one) for one in batch}
    stored = {checkpoint.seq: checkpoint.mac}
    rows: dict[int, Sealed] = {}
    async for sealed in _rows(store, {seq for seq in numbers if checkpoint.seq < seq <= end}):
        rows[sealed.row.seq] = sealed
        stored[sealed.row.seq] = sealed.mac
    for one in batch:
        seq = _number(one)
        if seq > end:
            return seq, f"the file knows row {seq}, and the store ends at row {end}: the rows behind it are gone"
        if seq < checkpoint.seq:
            continue
        if seq not in stored:
            return seq, "the row is missing"
        mac = one.mac if isinstance(one, HeadLine) else one.mac.hex()
        if not stored[seq].hex().startswith(mac):
            return seq, "the store has another row here than the file: one of them was altered, or history was replaced"
        if isinstance(one, Sealed) and seq in rows and one.row != rows[seq].row:
            return seq, "the row in the file is not the one that its seal belongs to: the file was altered"
    return None


async def _rows(store: Store, numbers: set[int]) -> AsyncIterator[Sealed]:
    """The rows of these numbers: one pass for each stretch without gaps; an export is one."""
    ordered = sorted(numbers)
    while ordered:
        length = next((n for n in range(1, len(ordered)) if ordered[n] != ordered[n - 1] + 1), len(ordered))
        async for sealed in store.audit_rows(after=ordered[0] - 1, until=ordered[length - 1]):
            yield sealed
        ordered = ordered[length:]


def _number(one: Sealed | HeadLine) -> int:
    return one.seq if isinstance(one, HeadLine) else one.row.seq
