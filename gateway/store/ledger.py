"""What every change leaves behind, in its own transaction: rows in the change feed and in the audit log.

Both are numbered from counters in the meta row, which the transaction holds: no gap, no number twice, and nothing of it
when the change is rolled back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import CursorResult, Executable, func, insert, select, update

from gateway.store.audit import AuditRow, Subject, canonical_json, row_values, seal
from gateway.store.meta import StoreKey
from gateway.store.tables import audit, change_feed, meta

FEED_ROWS_KEPT = 100_000
FEED_AGE_KEPT = timedelta(days=7)
_PRUNE_EVERY, _PRUNE_AT_MOST = 64, 1000


class Turn(Protocol):
    """The engine's way to run statements in one transaction."""

    async def execute(
        self, statement: Executable, parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement."""
        ...


class Ledger:
    """One transaction that remembers what it touched and what it did. `at` is one instant for all of it."""

    def __init__(self, turn: Turn, *, at: datetime, actor: str, address: str, key: StoreKey) -> None:
        self.at = at
        self.actor = actor
        self._turn = turn
        self._address = address
        self._key = key
        self._touched: dict[tuple[str, str], None] = {}
        self._notes: list[tuple[str, Subject, str, str]] = []

    def has_touched(self, subject: str, id_: str) -> bool:
        """Whether this change has changed it already, so that reading it does not show what was before."""
        return (subject, id_) in self._touched

    def touch(self, subject: str, id_: str) -> None:
        """Tell every worker that this `token` or `owner` is not what it was (or `all`). Once is enough."""
        self._touched[subject, id_] = None

    def audit(
        self, action: str, subject: Subject, detail: Mapping[str, Any] | None = None, *, address: str | None = None
    ) -> None:
        """Write down what was done to whom. `detail` is JSON without any secret; `address` None: the change's own."""
        self._notes.append(
            (action, subject, canonical_json(detail or {}), self._address if address is None else address)
        )

    async def write(self) -> None:
        """Write the rows; the last thing before the commit."""
        touched, notes = len(self._touched), len(self._notes)
        if not touched and not notes:
            return
        counted = update(meta).values(feed_seq=meta.c.feed_seq + touched, audit_seq=meta.c.audit_seq + notes)
        await self._turn.execute(counted)
        counters = select(meta.c.feed_seq, meta.c.audit_seq, meta.c.audit_mac)
        counted_to: Any = (await self._turn.execute(counters)).one()
        feed_seq, audit_seq, mac = counted_to
        if touched:
            await self._write_feed(feed_seq - touched, feed_seq)
        if notes:
            await self._write_audit(audit_seq - notes, mac)

    async def _write_feed(self, before: int, last: int) -> None:
        rows = [
            {"seq": seq, "at": self.at, "subject": subject, "id": id_}
            for seq, (subject, id_) in enumerate(self._touched, before + 1)
        ]
        await self._turn.execute(insert(change_feed), rows)
        if before // _PRUNE_EVERY != last // _PRUNE_EVERY:
            await self._prune_feed(last)

    async def _prune_feed(self, last: int) -> None:
        """Cheap, since both look only at the oldest rows by primary key. Workers need the last second of it."""
        await self._turn.execute(change_feed.delete().where(change_feed.c.seq <= last - FEED_ROWS_KEPT))
        oldest = select(func.min(change_feed.c.seq)).scalar_subquery()
        await self._turn.execute(
            change_feed.delete().where(
                change_feed.c.seq < oldest + _PRUNE_AT_MOST, change_feed.c.at < self.at - FEED_AGE_KEPT
            )
        )

    async def _write_audit(self, before: int, mac: bytes) -> None:
        rows = []
        for seq, (action, subject, detail, address) in enumerate(self._notes, before + 1):
            row = AuditRow(
                seq=seq,
                at=self.at,
                actor=self.actor,
                address=address,
                action=action,
                subject=subject,
                detail=detail,
                key_id=self._key.id,
            )
            mac = seal(self._key.audit_key, mac, row)
            rows.append(row_values(row, mac))
        await self._turn.execute(insert(audit), rows)
        await self._turn.execute(update(meta).values(audit_mac=mac))
