"""The aiohttp lane: reads heads, finds the dialect, writes answers. It answers checks and nothing else.

In service it is given the messages that the fast lane does not take: those that announce a body, one a connection.

Whatever else is asked gets a 404, whatever is malformed a fixed 400 that repeats and logs nothing of the input: a page
that said 200 here would be an Allow.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

from aiohttp import ClientError, HttpVersion10, HttpVersion11, hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict

from gateway.web import caps
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.door import Door
from gateway.web.check.fixed import MALFORMED, NOT_A_CHECK
from gateway.web.check.service import CheckService
from gateway.web.check.trust import Trust
from gateway.web.heads import TimedHeads

_VERSIONS = (HttpVersion10, HttpVersion11)


class CheckProtocol(TimedHeads):
    """One connection. Knows whether its peer is trusted."""

    def __init__(self, server: "CheckServer", *, predecessor: object | None, **options: Any) -> None:
        """`predecessor`: what stood for the connection until now; one message is answered then, and no other."""
        super().__init__(server, **options)
        self._predecessor = predecessor
        self.answers_once = predecessor is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse beyond the caps."""
        super().connection_made(transport)
        self._trust: Trust | None = None
        self._trusted = False
        self._family = transport.get_extra_info("socket").family
        self._peer = transport.get_extra_info("peername")
        door = self._door()
        if self._predecessor is not None:
            door.replace(self._predecessor, self)
        elif not door.enter(self, trusted=self.trusted):
            cast(asyncio.Transport, transport).abort()

    @property
    def trusted(self) -> bool:
        """Whether the peer may ask, by the settings of this moment: a reload reaches connections that are open."""
        trust = self._door().trust
        if trust is not self._trust:
            self._trust, self._trusted = trust, trust(self._family, self._peer)
        return self._trusted

    def connection_lost(self, exc: BaseException | None) -> None:
        """Make room."""
        if self._manager is not None:
            self._door().leave(self)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,  # noqa: ARG002  # aiohttp's signature
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> web.StreamResponse:
        """One fixed answer. aiohttp's own would log and answer a part of the offending header: a token, perhaps."""
        self._door().refused_malformed(type(exc).__name__ if exc is not None else "")
        return CheckServer.hang_up(MALFORMED)

    def _door(self) -> Door:
        return cast(CheckServer, self._manager).door


class CheckServer(web.Server):
    """Makes a `CheckProtocol` for each connection and answers its requests."""

    def __init__(self, service: CheckService, dialects: Mapping[str, Dialect], *, door: Door) -> None:
        super().__init__(
            self._answer,
            request_factory=self._request,
            handler_cancellation=True,  # a check that nobody waits for is neither finished nor counted
            keepalive_timeout=caps.KEEPALIVE_S,
            tcp_keepalive=True,
            access_log=None,
            lingering_time=caps.LINGER_S,
            auto_decompress=False,
            max_line_size=caps.MAX_FIELD,
            max_field_size=caps.MAX_FIELD,
            max_headers=caps.MAX_HEADERS,
        )
        self.door = door
        self._service = service
        self._dialects = {f"/check/{name}": dialect for name, dialect in dialects.items()}

    def __call__(self) -> CheckProtocol:
        """The factory that asyncio calls for each connection."""
        return self._connection(None)

    def take_over(self, connection: object, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        """Answer the one message that begins with this head, and close; take `connection`'s place at the door."""
        protocol = self._connection(connection)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(head)  # by itself, so that nothing behind it can spoil its answer
        if rest:
            protocol.data_received(rest)

    def _connection(self, predecessor: object | None) -> CheckProtocol:
        return CheckProtocol(self, predecessor=predecessor, loop=self._loop, **self._kwargs)

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
        hosts = request.headers.getall(hdrs.HOST, ())
        if request.version not in _VERSIONS or request.method == hdrs.METH_CONNECT or len(hosts) != 1:
            self.door.refused_malformed("RequestLine" if len(hosts) == 1 else "Host")
            return self.hang_up(MALFORMED)
        if dialect is None:
            answer = NOT_A_CHECK
        elif not protocol.trusted:
            self.door.untrusted(str(request.remote))
            answer = self._service.refuse_peer(dialect, request.raw_headers)
        else:
            body = _Payload(request.content) if has_body else None
            answer = await self._service.check(dialect, request.raw_headers, body)
        response = _response(answer)
        if has_body or protocol.answers_once or not protocol.trusted:
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
    headers["Content-Length"] = str(len(answer.body))  # aiohttp leaves a 0 out where the method is HEAD
    response = web.Response(status=answer.status, headers=headers, body=answer.body)
    if not answer.body:
        response.headers.popall("Content-Type", None)
    return response
