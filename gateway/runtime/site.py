"""The listeners of the portal and of ops: an application of aiohttp on sockets that are open already."""

import contextlib
import socket
from collections.abc import Sequence

from aiohttp import web

from gateway.runtime.part import BACKLOG, DRAIN_S
from gateway.web.quiet import QuietRunner

KEEPALIVE_S = 75.0  # longer than proxies keep idle connections (60 s), so that they close first


async def serve_app(app: web.Application, opened: Sequence[socket.socket], stack: contextlib.AsyncExitStack) -> None:
    """Serve an application of the portal or ops listener on its sockets; `stack` drains and ends it."""
    runner = QuietRunner(
        app, access_log=None, keepalive_timeout=KEEPALIVE_S, lingering_time=1.0, shutdown_timeout=DRAIN_S
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for one in opened:
        await web.SockSite(runner, one, backlog=BACKLOG).start()
