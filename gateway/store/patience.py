"""How long the store is waited for, and waiting that breaks nothing.

A driver's await that is cancelled in the middle leaves a connection in an unknown state. So work on the database runs
in tasks of the store's own, to their end; whoever waits may be cancelled or lose patience, the work may not.
"""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from gateway.store.errors import StoreUnavailable

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The longest waits, in seconds. `busy_s` is SQLite's own wait for foreign programs that hold its locks.

    `read_s` is for people: on a busy machine a `revoke` is better late than not done. Checks wait less (`auth`).
    """

    read_s: float = 5.0
    busy_s: float = 0.25
    lock_s: float = 5.0
    write_s: float = 10.0
    close_s: float = 10.0


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread that ends with it, unlike those of the loop's own pool."""
    executor = ThreadPoolExecutor(1, thread_name_prefix="store")
    try:
        return await asyncio.get_running_loop().run_in_executor(executor, work)
    finally:
        executor.shutdown(wait=False)


class Errands:
    """The store's tasks: owned here, awaited at close."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Run `work` to its end, whoever waits for it."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def wait(self, task: asyncio.Task[T], limit_s: float, what: str) -> T:
        """The task's result; StoreUnavailable `what` after `limit_s`. The task goes on when the wait ends early."""
        await asyncio.wait({task}, timeout=limit_s)
        if not task.done():
            raise StoreUnavailable(f"{what} within {limit_s:g} s")
        return task.result()

    async def run(self, work: Coroutine[Any, Any, T], limit_s: float, what: str) -> T:
        """Start `work` and wait for it."""
        return await self.wait(self.start(work), limit_s, what)

    async def settled(self, limit_s: float) -> bool:
        """Wait until nothing runs any more; False when something still does after `limit_s`."""
        if self._running:
            await asyncio.wait(set(self._running), timeout=limit_s)
        return not self._running

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report what nobody waits for any more
