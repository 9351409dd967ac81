"""A store and a feed in memory, for tests about time and order that a real database would not let them choose.

The contract suite runs against the real ones; what these two say is what the real ones promise.
"""

import asyncio
from datetime import timedelta

from gateway.core.owner import TokenRecord
from gateway.store import Changes, FeedRow, StoreUnavailable, TokenRefusal, UnknownRefusals, Use
from tests.builders import NOW


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def now(self):
        """The same moment as an aware datetime."""
        return NOW + timedelta(seconds=self.seconds - 1000.0)

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.seconds += seconds


class Feed:
    """A change feed whose rows a test appends."""

    def __init__(self) -> None:
        self.rows: list[FeedRow] = []
        self.read = 0
        self.epoch = "e1"
        self.complete = True
        self.is_away = False
        self.polls = 0

    def append(self, subject: str, row_id: str) -> None:
        """Commit a change."""
        self.rows.append(FeedRow(seq=len(self.rows) + 1, subject=subject, id=row_id))

    def poll(self) -> Changes | None:
        """What is new."""
        self.polls += 1
        if self.is_away:
            raise StoreUnavailable("the database is away")
        if self.read == len(self.rows) and self.complete:
            return None
        rows, self.read = tuple(self.rows[self.read :]), len(self.rows)
        complete, self.complete = self.complete, True
        return Changes(epoch=self.epoch, seq=self.read, rows=rows if complete else (), complete=complete)


class Store:
    """Tokens by id. `gate`, when set, holds every load until the test opens it; `seen` counts loads."""

    def __init__(self) -> None:
        self.records: dict[str, TokenRecord] = {}
        self.gate: asyncio.Event | None = None
        self.loads = 0
        self.is_away = False
        self.uses: list[Use] = []
        self.refusals: list[TokenRefusal] = []
        self.unknown: list[UnknownRefusals] = []
        self.retagged: list[tuple[int, str, bytes, str, bytes]] = []

    async def load_token(self, token_id: str) -> TokenRecord | None:
        """The record as it is when the load begins, handed out when the gate opens."""
        self.loads += 1
        if self.is_away:
            raise StoreUnavailable("the database is away")
        record = self.records.get(token_id)
        if self.gate is not None:
            await self.gate.wait()
        return record

    async def token_ids(self, *, after: str, limit: int) -> tuple[str, ...]:
        """The ids above `after`, as they are when the read begins, handed out when the gate opens."""
        found = tuple(sorted(one for one in self.records if one > after)[:limit])
        if self.is_away:
            raise StoreUnavailable("the database is away")
        if self.gate is not None:
            await self.gate.wait()
        return found

    async def retag(self, secret_row, old_key_id, old_tag, key_id, tag):
        """Note the call."""
        self.retagged.append((secret_row, old_key_id, old_tag, key_id, tag))
        return True

    async def record_usage(self, batch) -> None:
        """Keep the uses."""
        if self.is_away:
            raise StoreUnavailable("the database is away")
        self.uses += batch

    async def record_refusals(self, known, unknown) -> None:
        """Keep the records."""
        if self.is_away:
            raise StoreUnavailable("the database is away")
        self.refusals += known
        self.unknown += unknown
