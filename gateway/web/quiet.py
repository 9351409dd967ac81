"""aiohttp's application server as the portal and ops listeners use it: bounded, and silent about malformed heads.

aiohttp's own words about them can quote a token. Nor does an answer say which versions run here: whoever
looks for hosts with a known flaw finds none by that.
"""

import asyncio
from typing import Any, cast

from aiohttp import web

from gateway.web.heads import TimedHeads

MAX_CONNECTIONS = 256  # of one listener; checks have their own, and must find descriptors left
MALFORMED = b"malformed\n"
NO_STORE = {"Cache-Control": "no-store"}
SERVER = {"Server": "token-gateway"}


class _QuietHandler(TimedHeads):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        inside = cast(web.Server, self._manager).connections
        if len(inside) > MAX_CONNECTIONS:
            # Whoever asks nothing goes first, the oldest: a client that only holds connections keeps nobody out.
            others = (one.transport for one in inside if one is not self and one._current_request is None)
            idle = (one for one in others if one is not None and not one.is_closing())
            cast(asyncio.Transport, next(idle, transport)).abort()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,  # noqa: ARG002  # aiohttp's signature
        message: str | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> web.StreamResponse:
        response = web.Response(status=status, body=MALFORMED, content_type="text/plain", headers=NO_STORE | SERVER)
        response.force_close()
        return response


class _QuietServer(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _QuietHandler(self, loop=self._loop, **self._kwargs)


class QuietRunner(web.AppRunner):
    """An `AppRunner` with a cap on connections and a deadline for heads, and one fixed line for malformed ones."""

    def __init__(self, app: web.Application, **kwargs: Any) -> None:
        super().__init__(app, **kwargs)
        app.on_response_prepare.append(_name_no_versions)

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        loop = asyncio.get_running_loop()
        return _QuietServer(made.request_handler, request_factory=made.request_factory, loop=loop, **made._kwargs)


async def _name_no_versions(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(SERVER)
