"""Counting uses: in memory at the check, written behind in one commutative transaction.

At most one interval of counts is lost when the process is killed; none on a graceful stop. A failed write keeps the
counts and tries again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from gateway.core.network import Address
from gateway.store import StoreError, Use

INTERVAL_S = 10.0
MAX_TOKENS = 200_000  # tokens counted at once while the store is away; beyond that, new ones are not counted


class UsageStore(Protocol):
    """Where the counts go."""

    async def record_usage(self, batch: Sequence[Use]) -> None:
        """Add the counts to what is there, in one transaction."""
        ...


class Tally:
    """Uses of one token; changed in place, at every check. `batch`: by number, the write that they are for."""

    __slots__ = ("batch", "count", "last_address", "last_used_at")

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.count = 0
        self.last_used_at: datetime
        self.last_address: Address | None = None


class UsageCounter:
    """Uses since the last write, per token."""

    def __init__(self, store: UsageStore, fault: Callable[[str], None]) -> None:
        self._store = store
        self._fault = fault
        self._pending: dict[str, Tally] = {}
        self._batch = 0
        self._writing = asyncio.Lock()
        self._writes: set[asyncio.Task[None]] = set()

    def count(self, token_id: str, at: datetime, address: Address | None, last: Tally | None = None) -> Tally | None:
        """Count one allowed check. `last`: what this returned for the token before; then it need not be looked for."""
        if last is None or last.batch != self._batch:
            last = self._pending.get(token_id)
            if last is None:
                if len(self._pending) >= MAX_TOKENS:
                    return None
                last = self._pending[token_id] = Tally(self._batch)
        last.count += 1
        last.last_used_at = at
        last.last_address = address
        return last

    async def write(self) -> None:
        """Write what was counted until now; with a write under way, after that. StoreError: the counts are kept."""
        # A task of its own: whoever waits may give up, but a write that is cut off could be counted twice.
        task = asyncio.create_task(self._write_pending())
        self._writes.add(task)
        task.add_done_callback(self._written)
        await asyncio.shield(task)

    async def _write_pending(self) -> None:
        async with self._writing:
            batch, self._pending = self._pending, {}
            self._batch += 1
            if not batch:
                return
            try:
                await self._store.record_usage([_use(token_id, tally) for token_id, tally in batch.items()])
            except StoreError:
                for token_id, tally in batch.items():
                    self._restore(token_id, tally)
                raise

    def _written(self, task: asyncio.Task[None]) -> None:
        self._writes.discard(task)
        if not task.cancelled():
            task.exception()  # seen here too: whoever waited may have gone away

    async def flush(self) -> None:
        """As `write`; what the store refuses is told, and written the next time."""
        try:
            await self.write()
        except StoreError as error:
            self._fault(f"usage of {len(self._pending)} tokens is kept for the next write: {error}")

    async def run(self, stop: asyncio.Event) -> None:
        """Flush at every interval, and once more when `stop` is set. Never cancelled in the middle of a write."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL_S)
            await self.flush()

    def _restore(self, token_id: str, old: Tally) -> None:
        new = self._pending.get(token_id)
        if new is None:
            old.batch = self._batch
            self._pending[token_id] = old
        else:
            new.count += old.count


def _use(token_id: str, tally: Tally) -> Use:
    address = str(tally.last_address or "")
    return Use(token_id=token_id, count=tally.count, last_used_at=tally.last_used_at, last_address=address)
