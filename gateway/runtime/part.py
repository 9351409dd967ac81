"""What a part of the serving process is to whoever composes it: the check worker is one, the portal another."""

import asyncio
import contextlib
import socket
from typing import Protocol

from aiohttp import web

from gateway.runtime.generation import Generation
from gateway.runtime.listen import BACKLOG
from gateway.web.ops.app import Readiness
from gateway.web.quiet import QuietRunner

DRAIN_S = 5.0  # that requests in flight have to end
KEEPALIVE_S = 75.0  # longer than proxies keep idle connections (60 s), so that they close first


class Task(Protocol):
    """Something that runs beside the requests until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, and end what is under way. An exception stops the process."""
        ...


class Part(Protocol):
    """Listens, answers, takes over new configurations, drains."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What runs beside the requests."""
        ...

    def readiness(self) -> Readiness:
        """Whether requests can be answered now."""
        ...

    def use(self, generation: Generation) -> None:
        """Take over a new configuration, whole, for every request that begins from now on."""
        ...

    async def drain(self) -> None:
        """Take no new connections, and let requests in flight end."""
        ...

    async def finish(self) -> None:
        """Write what is left to write, after the tasks have ended."""
        ...


async def serve_app(app: web.Application, opened: socket.socket, stack: contextlib.AsyncExitStack) -> None:
    """Serve an application of the portal or ops listener; `stack` drains and ends it."""
    runner = QuietRunner(
        app, access_log=None, keepalive_timeout=KEEPALIVE_S, lingering_time=1.0, shutdown_timeout=DRAIN_S
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.SockSite(runner, opened, backlog=BACKLOG).start()
