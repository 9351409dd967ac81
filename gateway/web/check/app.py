"""The check listener on aiohttp: reads heads, finds the dialect, writes answers. It answers checks and nothing else.

Whatever else is asked gets a 404, whatever is malformed a fixed 400 that repeats and logs nothing of the input: a page
that said 200 here would be an Allow. aiohttp itself has no limit on the time a head may take, so that is added here.
"""

import asyncio
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import cast

import structlog
from aiohttp import ClientError, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError, RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError
from multidict import CIMultiDict

from gateway.core.network import Networks
from gateway.web.check.answer import NO_STORE
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.service import CheckService

log = structlog.get_logger("check")

HEAD_DEADLINE_S = 5.0  # from a head's first byte, or from the connection's start, to its last byte
KEEPALIVE_S = 75.0  # longer than proxies keep idle connections (60 s), so that they close first
LINGER_S = 1.0  # a body that nobody read is drained: a close before it has come could reset our answer on its way
MAX_CONNECTIONS = 4096
MAX_FIELD, MAX_HEADERS = 16_384, 200

_NOT_A_CHECK = Answer(status=404, headers=(NO_STORE,), body=b"not a check\n")
_MALFORMED = Answer(status=400, headers=(NO_STORE, (b"X-Auth-Reason", b"ambiguous_request")), body=b"malformed\n")


class Trust:
    """Which peers may ask: networks for TCP, and whether the peers of our own unix sockets may."""

    def __init__(self, networks: Networks, *, unix: bool) -> None:
        self._networks = networks
        self._unix = unix

    def __call__(self, peer: object) -> bool:
        """`peer` is what the transport says of the other end: a tuple for TCP, a string for unix sockets."""
        if not isinstance(peer, tuple):
            return self._unix
        try:
            address = ip_address(str(peer[0]).partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address) in self._networks


class CheckProtocol(web.RequestHandler):
    """One connection. Knows whether its peer is trusted, and how long it may take over a head."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse beyond the cap, note the trust, start the clock for the first head."""
        super().connection_made(transport)
        self._deadline: asyncio.TimerHandle | None = None
        server = cast(CheckServer, self._manager)
        self.trusted = server.trust(transport.get_extra_info("peername"))
        if len(server.connections) > MAX_CONNECTIONS:
            cast(asyncio.Transport, transport).abort()
            return
        self._await_head()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop the clock."""
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Stop the clock when a head is complete, start it when a further one has begun."""
        heads = self._request_count
        super().data_received(data)
        if self._request_count > heads:
            self._head_came()
        elif self._deadline is None:
            self._await_head()

    def handle_error(
        self,
        request: web.BaseRequest,  # noqa: ARG002  # aiohttp's signature
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  # aiohttp's signature
    ) -> web.StreamResponse:
        """One fixed answer. aiohttp's own would log and answer a part of the offending header: a token, perhaps."""
        log.info("malformed head refused", kind=type(exc).__name__ if exc is not None else "", status=status)
        response = _response(_MALFORMED)
        response.force_close()
        return response

    def _await_head(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HEAD_DEADLINE_S, self._too_slow)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self.transport is not None:
            self.transport.abort()


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
