"""Work that any number of checks wait for at once: begun once, and dropped when the last of them goes away.

What a thread has begun goes on to its end, since nobody can stop it; until then whoever comes joins it. What still
waits in a queue, for nobody, leaves it: clients that ask and hang up cost no hash.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Work = Callable[[], T]


class Flights(Generic[T]):
    """What is under way, by what it is about. Loop thread only."""

    def __init__(self) -> None:
        self._flights: dict[bytes, _Flight[T]] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._flights

    async def share(
        self,
        key: bytes,
        work: Work[T],
        run: Callable[[Work[T]], Coroutine[Any, Any, T]],
        ended: Callable[[], None] = lambda: None,
    ) -> T:
        """The result of `work`, which `run` has a thread do: once for any number of callers at the same time.

        `ended` belongs to the caller who began it, and is called when it is over, or was dropped.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(work, run)
            flight.task.add_done_callback(lambda _: self._landed(key, flight, ended))
        flight.waiting += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.has_begun and self._flights.get(key) is flight:
                del self._flights[key]
                flight.task.cancel()

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*(flight.task for flight in self._flights.values()), return_exceptions=True)

    def _landed(self, key: bytes, flight: "_Flight[T]", ended: Callable[[], None]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # seen here too: every check that waited for it may have gone away
        ended()


class _Flight(Generic[T]):
    """One of them. `has_begun` is set by the thread that works; `waiting`: how many checks want the result."""

    def __init__(self, work: Work[T], run: Callable[[Work[T]], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.has_begun = False
        self.waiting = 0
        self.task = asyncio.create_task(run(self._begin))

    def _begin(self) -> T:
        self.has_begun = True
        return self._work()
