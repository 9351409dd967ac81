"""The lane: what its connections share, and their end."""

import asyncio
import contextlib
from collections.abc import Coroutine, Mapping
from typing import Protocol

from gateway.web.check.dialect import Dialect
from gateway.web.check.door import Door
from gateway.web.check.lane.alike import AlikeHeads
from gateway.web.check.lane.connection import Connection
from gateway.web.check.lane.repeated import RepeatedHeads
from gateway.web.check.lane.strangers import Strangers
from gateway.web.check.service import CheckService
from gateway.web.check.wire import Dates

LAST_CALL_S = 0.05  # before connections that are quiet are closed: heads that are on their way
FLUSH_S = 1.0  # for answers that are written and not taken yet


class Successor(Protocol):
    """The other lane."""

    def take_over(self, connection: object, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        """Answer the one message that begins with this head, and close; take `connection`'s place at the door."""
        ...


class Lane:
    """One per process, on the loop thread."""

    def __init__(
        self, service: CheckService, dialects: Mapping[str, Dialect], *, door: Door, successor: Successor
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.service = service
        self.dialects = {f"/check/{name}".encode("ascii"): dialect for name, dialect in dialects.items()}
        self.door = door
        self.repeated = RepeatedHeads()
        self.alike = AlikeHeads()
        self.strangers = Strangers()
        self.dates = Dates()
        self.connections: set[Connection] = set()
        self.is_draining = False
        self._successor = successor
        self._left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self) -> Connection:
        """The factory that asyncio calls for each connection."""
        return Connection(self)

    def begin(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Run a check that has to wait; `shutdown` waits for it."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def forget(self, connection: Connection) -> None:
        """A connection that is no longer the lane's."""
        self.connections.discard(connection)
        if not self.connections:
            self._left.set()

    def hand_over(self, connection: Connection, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        """Give a connection to the other lane, at the boundary of two messages."""
        self._successor.take_over(connection, transport, head, rest)

    async def shutdown(self, timeout_s: float) -> None:
        """Answer what is there, then close every connection; whatever takes longer is cut off."""
        self.is_draining = True
        await asyncio.sleep(LAST_CALL_S)
        for connection in tuple(self.connections):
            connection.retire()
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=timeout_s)
        for connection in tuple(self.connections):
            connection.retire()
        self._left.clear()
        if self.connections:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), FLUSH_S)
        left = tuple(self._tasks)
        for task in left:
            task.cancel()
        for connection in tuple(self.connections):
            connection.abort()
        await asyncio.gather(*left, return_exceptions=True)
