"""aiohttp's application server as the portal and ops listeners use it: bounded, and silent about malformed heads.

aiohttp's own words about them can quote a token (PROXIES A.5).
"""

import asyncio
from typing import cast

from aiohttp import web

from gateway.web.heads import TimedHeads

MAX_CONNECTIONS = 256  # of one listener; checks have their own, and must find descriptors left
MALFORMED = b"malformed\n"
NO_STORE = {"Cache-Control": "no-store"}


class _QuietHandler(TimedHeads):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if len(cast(web.Server, self._manager).connections) > MAX_CONNECTIONS:
            cast(asyncio.Transport, transport).abort()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002  # aiohttp's signature
        message: str | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> web.StreamResponse:
        response = web.Response(status=status, body=MALFORMED, content_type="text/plain", headers=NO_STORE)
        response.force_close()
        return response


class _QuietServer(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _QuietHandler(self, loop=self._loop, **self._kwargs)


class QuietRunner(web.AppRunner):
    """An `AppRunner` with a cap on connections and a deadline for heads, and one fixed line for malformed ones."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        loop = asyncio.get_running_loop()
        return _QuietServer(made.request_handler, request_factory=made.request_factory, loop=loop, **made._kwargs)
