"""The life of a process that serves: its parts' tasks run, a signal or a fault ends it, what was counted is written."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from gateway.runtime.opened import Opened
from gateway.runtime.part import Part

log = structlog.get_logger("gateway")


class Stop:
    """When the process shall end, and whether that is because of a fault of its own."""

    def __init__(self) -> None:
        self.wanted = asyncio.Event()
        self.failed = False

    def on_signals(self) -> None:
        """End at SIGTERM and SIGINT."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.wanted.set)

    def watch(self, task: asyncio.Task[None]) -> None:
        """End when the task does so by an exception."""
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            log.error("a task of the gateway failed, stopping", exc_info=task.exception())
            self.failed = True
            self.wanted.set()


async def run_until_stopped(parts: Sequence[Part], opened: Opened, stop: Stop) -> None:
    """Run the tasks of the parts, which listen already; at the end drain, and leave nothing unwritten."""
    running = [asyncio.create_task(task.run(stop.wanted)) for part in parts for task in part.tasks]
    for task in running:
        stop.watch(task)
    await stop.wanted.wait()
    log.info("draining")
    await asyncio.gather(*(part.drain() for part in parts))
    await asyncio.gather(*running, return_exceptions=True)
    await opened.authenticator.close()
    for part in parts:
        await part.finish()
