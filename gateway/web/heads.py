"""A connection whose heads must come in time. aiohttp has no limit of its own on the time that a head may take."""

import asyncio

from aiohttp import web

from gateway.web import caps


class TimedHeads(web.RequestHandler):
    """One connection; it is cut off when a head, the first or a later one, takes too long."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock for the first head."""
        super().connection_made(transport)
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
            if data.endswith(b"\r\n\r\n"):
                return
        if self._deadline is None:
            self._await_head()

    def _await_head(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(caps.HEAD_DEADLINE_S, self._too_slow)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        if self.transport is not None:
            self.transport.abort()
