"""A rate limit in one number: the generic cell rate algorithm (GCRA, ITU-T I.371), as a pure step; and many of them.

The number is the moment until which what was taken so far fills the bucket. Time that passes empties it by itself, so
nothing has to be swept.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from gateway.core.lru import Lru, Recent

Key = TypeVar("Key", bound=Hashable)
_ROUNDING = 1e-3  # of a period: sums of periods must not make a burst of ten one of nine


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` at once, and one more every `period_s` seconds."""

    burst: int
    period_s: float


def take(filled_until: float, now: float, rate: Rate) -> float | None:
    """Take one: the new number, or None when the bucket is full. 0 is an empty bucket."""
    filled = (filled_until if filled_until > now else now) + rate.period_s  # noqa: FURB136  # a call costs as much again
    return None if filled > now + (rate.burst + _ROUNDING) * rate.period_s else filled


def give_back(filled_until: float, rate: Rate) -> float:
    """As if one had not been taken."""
    return filled_until - rate.period_s


def wait_s(filled_until: float, now: float, rate: Rate) -> float:
    """How long until one can be taken; 0 for now."""
    return max(0.0, filled_until + rate.period_s - now - rate.burst * rate.period_s)


class Bucket:
    """One of them. Changed in place: to put a new number into the map at every check would cost as much again.

    `found_at`: how many buckets had been forgotten when it was last found. While they are no more, it is none of them.
    """

    __slots__ = ("filled_until", "found_at")

    def __init__(self) -> None:
        self.filled_until = 0.0
        self.found_at = 0

    def take(self, now: float, rate: Rate) -> float:
        """Take one. 0 when there was room; else nothing is taken, and this is how many seconds to wait."""
        filled_until, most = self.filled_until, now + rate.burst * rate.period_s
        if filled_until > most:  # by another rate, before a reload: nobody waits for that
            self.filled_until = filled_until = most
        filled = take(filled_until, now, rate)
        if filled is None:
            return wait_s(filled_until, now, rate)
        self.filled_until = filled
        return 0.0


class Buckets(Generic[Key]):
    """A bucket for each of at most so many keys; `now` must never go back.

    Where there is no room, the bucket that was asked for the longest ago is forgotten, which empties it. Nobody gets
    a full bucket through others; and to have one's own forgotten takes as many other keys as there is room for, each
    with a burst of its own: whoever has those needs no trick.
    """

    def __init__(self, capacity: int) -> None:
        self.filled: Lru[Key, Bucket] = Recent(capacity)

    def take(self, key: Key, now: float, rate: Rate) -> float:
        """Take one. 0 when there was room; else nothing is taken, and this is how many seconds to wait."""
        return self.find(key).take(now, rate)

    def find(self, key: Key) -> Bucket:
        """The key's bucket, which counts as asked for now."""
        bucket = self.filled.get(key)
        if bucket is None:
            bucket = Bucket()
            self.filled.put(key, bucket)
        bucket.found_at = self.filled.evictions
        return bucket

    def is_kept(self, bucket: Bucket) -> bool:
        """Whether a bucket that was found here is surely the one that its key has now."""
        return bucket.found_at == self.filled.evictions

    def give_back(self, key: Key, rate: Rate) -> None:
        """As if one had not been taken."""
        bucket = self.filled.peek(key)
        if bucket is not None:
            bucket.filled_until = give_back(bucket.filled_until, rate)
