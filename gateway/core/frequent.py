"""The names that come most often in a stream of any length, in bounded memory (Misra and Gries, 1982)."""

from collections.abc import Sequence
from typing import Generic, TypeVar

Name = TypeVar("Name", str, bytes)


class Frequent(Generic[Name]):
    """Counts of at most `places` names. Each is at most the true one; whatever makes up more than one in `places` of
    all is among them, whatever else was sent to hide it.
    """

    __slots__ = ("_counts", "_places")

    def __init__(self, places: int) -> None:
        self._places = places
        self._counts: dict[Name, int] = {}

    def add(self, name: Name) -> None:
        """Count one. Constant time on average: a full table is swept only after as many names came."""
        if name in self._counts:
            self._counts[name] += 1
        elif len(self._counts) < self._places:
            self._counts[name] = 1
        else:
            self._counts = {known: count - 1 for known, count in self._counts.items() if count > 1}

    def most(self, number: int) -> Sequence[tuple[Name, int]]:
        """The first `number` of them, the most frequent first, each with at least how often it came."""
        ordered = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple(ordered[:number])
