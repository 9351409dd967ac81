"""Saying once a minute what a stranger could make us say a thousand times a second."""

import time
from collections.abc import Callable

INTERVAL_S = 60.0


class Throttle:
    """Counts occasions, and says at most once an interval how many there were."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at = float("-inf")
        self._count = 0

    def occasion(self, now: float | None = None) -> int | None:
        """How often it has happened since it was last said, this time included; None when it is not to be said now.

        `now`: by the same clock, for whoever has just looked at it.
        """
        self._count += 1
        if now is None:
            now = self._clock()
        if now - self._said_at < INTERVAL_S:
            return None
        self._said_at, count, self._count = now, self._count, 0
        return count
