"""Which token ids there are, so that an id that there is not costs no read of the store, however many are tried.

Hashes of the ids, sorted, 8 bytes each: 100,000 tokens take 0.8 MB. It never lacks an id that the store has as of the
lease: what the feed names is added before the lease is extended, and nothing is taken out. Loop thread only.
"""

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.store import FeedRow, StoreError

PAGE = 5000  # ids in one read: none of them keeps the store from others for long
RETRY_S = 1.0


class IdStore(Protocol):
    """Where the ids are."""

    async def token_ids(self, *, after: str, limit: int) -> tuple[str, ...]:
        """The ids above `after`, in order."""
        ...


class TokenIndex:
    """Read when it is asked for the first time, and again when the feed could not say what changed."""

    def __init__(self, store: IdStore, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self._store = store
        self._clock = clock
        self._known: array[int] | None = None
        self._meanwhile: set[str] = set()  # named by the feed while the ids are being read
        self._loading: asyncio.Task[None] | None = None
        self._retry_at = float("-inf")

    def lacks(self, token_id: str) -> bool:
        """Whether there was no such token as of the lease. False also when that is not known: ask the store, then."""
        known = self._known
        if known is None:
            self._begin()
            return False
        sought = hash(token_id)  # keyed anew in every process: nobody can aim at the hash of another id
        at = bisect_left(known, sought)
        return at == len(known) or known[at] != sought

    def apply(self, rows: Sequence[FeedRow] | None) -> None:
        """Take in the ids that the rows name; read all again for None and for subject `all`."""
        if rows is None or any(row.subject == "all" for row in rows):
            self._known = None
            self._meanwhile.clear()
            if self._loading is not None:
                self._loading.cancel()
                self._loading = None
            return
        for row in rows:
            if row.subject == "token":
                self._add(row.id)

    async def close(self) -> None:
        """Give up a read that is under way."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    def __len__(self) -> int:
        return 0 if self._known is None else len(self._known)

    def _add(self, token_id: str) -> None:
        if self._known is None:
            self._meanwhile.add(token_id)
            return
        added = hash(token_id)
        at = bisect_left(self._known, added)
        if at == len(self._known) or self._known[at] != added:
            self._known.insert(at, added)

    def _begin(self) -> None:
        if self._loading is None and self._clock() >= self._retry_at:
            self._meanwhile.clear()
            self._loading = asyncio.create_task(self._load())

    async def _load(self) -> None:
        """Whatever is committed before this began is read, and whatever is committed after it, the feed names."""
        found: list[int] = []
        after = ""
        try:
            while page := await self._store.token_ids(after=after, limit=PAGE):
                found += map(hash, page)
                after = page[-1]
            known = await asyncio.to_thread(lambda: array("q", sorted(set(found))))
        except (StoreError, TimeoutError):
            self._retry_at = self._clock() + RETRY_S
        else:
            self._known = known
            for token_id in self._meanwhile:
                self._add(token_id)
            self._meanwhile.clear()
        finally:
            if self._loading is asyncio.current_task():
                self._loading = None
