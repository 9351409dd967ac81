"""The life of a process that serves: its parts' tasks run, a signal or a fault ends it, what was counted is written."""

import asyncio
import signal
from collections.abc import Awaitable, Sequence

import structlog

from gateway.runtime.opened import Opened
from gateway.runtime.part import Part

log = structlog.get_logger("gateway")


class Stop:
    """When the process shall end, whether at once, and whether that is because of a fault of its own."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.hastened = asyncio.Event()
        self.failed = False

    def on_signals(self, *numbers: signal.Signals) -> None:
        """End at these signals; at the second one, without waiting for requests in flight."""
        loop = asyncio.get_running_loop()
        for number in numbers:
            loop.add_signal_handler(number, self.hasten_if_stopping)

    def hasten_if_stopping(self) -> None:
        """The first call ends the process, the second one hastens that."""
        if self.wanted.is_set():
            self.hasten()
        self.wanted.set()

    def hasten(self) -> None:
        """End without waiting for requests in flight."""
        self.wanted.set()
        self.hastened.set()

    def watch(self, task: asyncio.Task[None]) -> None:
        """End when the task does so by an exception."""
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the gateway failed, stopping", exc_info=task.exception())
            self.failed = True
            self.wanted.set()

    async def unless_hastened(self, work: Awaitable[object]) -> None:
        """Wait for the work to end; when hastened, cut it off."""
        task, hurry = asyncio.ensure_future(work), asyncio.create_task(self.hastened.wait())
        await asyncio.wait({task, hurry}, return_when=asyncio.FIRST_COMPLETED)
        for one in (task, hurry):
            one.cancel()
        await asyncio.gather(task, hurry, return_exceptions=True)


async def run_until_stopped(parts: Sequence[Part], opened: Opened, stop: Stop) -> None:
    """Run the tasks of the parts, which listen already; at the end drain, and leave nothing unwritten."""
    running = [asyncio.create_task(task.run(stop.wanted)) for part in parts for task in part.tasks]
    for task in running:
        stop.watch(task)
    await stop.wanted.wait()
    log.info("draining")
    await stop.unless_hastened(asyncio.gather(*(part.drain() for part in parts)))
    await asyncio.gather(*running, return_exceptions=True)
    await opened.authenticator.close()
    for part in parts:
        await part.finish()
