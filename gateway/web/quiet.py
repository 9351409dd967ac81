"""aiohttp's application server, without its words about malformed heads: they can quote a token (PROXIES A.5)."""

import asyncio

from aiohttp import web

MALFORMED = b"malformed\n"
NO_STORE = {"Cache-Control": "no-store"}


class _QuietHandler(web.RequestHandler):
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
    """An `AppRunner` whose answer to a malformed head is one fixed line, and whose log has nothing of it."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        loop = asyncio.get_running_loop()
        return _QuietServer(made.request_handler, request_factory=made.request_factory, loop=loop, **made._kwargs)
