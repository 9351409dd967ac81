"""The check listener on aiohttp: reads heads, finds the dialect, writes answers. It answers checks and nothing else.

Whatever else is asked gets a 404, whatever is malformed a fixed 400 that repeats and logs nothing of the input: a page
that said 200 here would be an Allow.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

import structlog
from aiohttp import ClientError, HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict

from gateway.web.check.answer import NO_STORE
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.service import CheckService
from gateway.web.check.throttle import Throttle
from gateway.web.check.trust import Trust
from gateway.web.heads import TimedHeads

log = structlog.get_logger("check")

KEEPALIVE_S = 75.0  # longer than proxies keep idle connections (60 s), so that they close first
LINGER_S = 1.0  # a body that nobody read is drained: a close before it has come could reset our answer on its way
MAX_CONNECTIONS = 4096
MAX_STRANGERS = 64  # connections of peers that may not ask: they must not keep out those that may
MAX_FIELD, MAX_HEADERS = 16_384, 200

_VERSIONS = (HttpVersion10, HttpVersion11)
_NOT_A_CHECK = Answer(status=404, headers=(NO_STORE,), body=b"not a check\n")
_MALFORMED = Answer(status=400, headers=(NO_STORE, (b"X-Auth-Reason", b"ambiguous_request")), body=b"malformed\n")


class CheckProtocol(TimedHeads):
    """One connection. Knows whether its peer is trusted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse beyond the caps."""
        super().connection_made(transport)
        self._trust: Trust | None = None
        self._trusted = False
        self._family = transport.get_extra_info("socket").family
        self._peer = transport.get_extra_info("peername")
        server = cast(CheckServer, self._manager)
        server.accepted += 1
        if not self.trusted:
            server.strangers.add(self)
        if len(server.connections) > MAX_CONNECTIONS or len(server.strangers) > MAX_STRANGERS:
            cast(asyncio.Transport, transport).abort()

    @property
    def trusted(self) -> bool:
        """Whether the peer may ask, by the settings of this moment: a reload reaches connections that are open."""
        trust = cast(CheckServer, self._manager).trust
        if trust is not self._trust:
            self._trust, self._trusted = trust, trust(self._family, self._peer)
        return self._trusted

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        cast(CheckServer, self._manager).strangers.discard(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> web.StreamResponse:
        """One fixed answer. aiohttp's own would log and answer a part of the offending header: a token, perhaps."""
        count = cast(CheckServer, self._manager).malformed.occasion()
        if count is not None:
            kind = type(exc).__name__ if exc is not None else ""
            log.info("malformed heads refused", last_kind=kind, last_status=status, count=count)
        return CheckServer.hang_up(_MALFORMED)


class CheckServer(web.Server):
    """Makes a `CheckProtocol` for each connection and answers its requests."""

    def __init__(
        self, service: CheckService, dialects: Mapping[str, Dialect], *, trust: Trust, untrusted: Callable[[str], None]
    ) -> None:
        """`untrusted` is told the address of each peer that is refused."""
        super().__init__(
            self._answer,
            request_factory=self._request,
            keepalive_timeout=KEEPALIVE_S,
            tcp_keepalive=True,
            access_log=None,
            lingering_time=LINGER_S,
            auto_decompress=False,
            max_line_size=MAX_FIELD,
            max_field_size=MAX_FIELD,
            max_headers=MAX_HEADERS,
        )
        self.trust = trust
        self.strangers: set[CheckProtocol] = set()
        self.accepted = 0  # connections since the start; few of many checks, where the proxy keeps them open
        self.malformed = Throttle()
        self._untrusted = untrusted
        self._service = service
        self._dialects = {f"/check/{name}": dialect for name, dialect in dialects.items()}

    def __call__(self) -> CheckProtocol:
        """The factory that asyncio calls for each connection."""
        return CheckProtocol(self, loop=self._loop, **self._kwargs)

    def _request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: web.RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, self._loop)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        protocol = cast(CheckProtocol, request.protocol)
        has_body = request.can_read_body  # asked before it is read: behind a body the connection is closed
        dialect = self._dialects.get(request.raw_path.partition("?")[0])
        if request.version not in _VERSIONS or request.method == hdrs.METH_CONNECT:
            return self.hang_up(_MALFORMED)
        if dialect is None:
            answer = _NOT_A_CHECK
        elif not protocol.trusted:
            self._untrusted(str(request.remote))
            answer = self._service.refuse_peer(dialect, request.raw_headers)
        else:
            body = _Payload(request.content) if has_body else None
            answer = await self._service.check(dialect, request.raw_headers, body)
        response = _response(answer)
        if has_body or not protocol.trusted:
            response.force_close()
        return response

    @staticmethod
    def hang_up(answer: Answer) -> web.StreamResponse:
        """The answer, after which the connection is closed."""
        response = _response(answer)
        response.force_close()
        return response


class _Payload:
    """A `Body` out of aiohttp's stream."""

    def __init__(self, stream: StreamReader) -> None:
        self._stream = stream

    async def read(self, limit: int) -> bytes | None:
        """All of it; None when it is longer than `limit` or does not come whole."""
        read = bytearray()
        try:
            while chunk := await self._stream.readany():
                read += chunk
                if len(read) > limit:
                    return None
        except (RequestPayloadError, HttpProcessingError, ClientError, OSError):
            return None
        return bytes(read)


def _response(answer: Answer) -> web.Response:
    headers = CIMultiDict((name.decode("ascii"), value.decode("utf-8")) for name, value in answer.headers)
    headers["Server"] = "token-gateway"
    response = web.Response(status=answer.status, headers=headers, body=answer.body)
    if not answer.body:
        response.headers.popall("Content-Type", None)
    return response
