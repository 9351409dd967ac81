"""The check listener: the fast lane for plain heads, and behind it the aiohttp lane, with one door for both."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gateway.web.check.dialect import Dialect
from gateway.web.check.door import Door
from gateway.web.check.lane.connection import Connection
from gateway.web.check.lane.lane import Lane
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.check.trust import Trust

if TYPE_CHECKING:
    from gateway.web.check.app import CheckServer


class CheckListener:
    """One per process. It is the factory of protocols that asyncio calls for each connection."""

    def __init__(
        self, service: CheckService, dialects: Mapping[str, Dialect], *, trust: Trust, untrusted: Callable[[str], None]
    ) -> None:
        """`untrusted` is told the address of each peer whose check is refused."""
        self.door = Door(trust, untrusted)
        self._service = service
        self._application = _Application(service, dialects, door=self.door)
        self.lane = Lane(service, dialects, door=self.door, successor=self._application)

    def __call__(self) -> Connection:
        """A protocol for a new connection."""
        return self.lane()

    def use(self, settings: CheckSettings, trust: Trust) -> None:
        """Judge by these from the next check on. Nothing that is remembered keeps the old ones, with all their routes.

        It would count for nothing any more; but each of many thousand answers could hold a table of routes of its own.
        """
        self._service.settings, self.door.trust = settings, trust
        lane, service = self.lane, self._service
        for heads in (lane.repeated.kept, lane.alike.kept, lane.strangers.kept):
            heads.clear()
        service.counted()["allows"].clear()
        service.askers.places.clear()

    async def shutdown(self, timeout_s: float) -> None:
        """Answer what is there, then close every connection; whatever takes longer is cut off."""
        self._application.pre_shutdown()
        await self.lane.shutdown(timeout_s)
        await self._application.shutdown(timeout_s)


class _Application:
    """The aiohttp lane, imported for the first message that it is given.

    Proxies ask by plain heads, so that most check workers never need it: 11 MB each, and 0.1 s of their start. Whoever
    needs it waits as long, and what is asked meanwhile (measured 2026-11-22).
    """

    def __init__(self, service: CheckService, dialects: Mapping[str, Dialect], *, door: Door) -> None:
        self._service, self._dialects, self._door = service, dialects, door
        self._server: CheckServer | None = None

    def server(self) -> "CheckServer":
        """The lane itself."""
        if self._server is None:
            from gateway.web.check.app import CheckServer  # noqa: PLC0415

            self._server = CheckServer(self._service, self._dialects, door=self._door)
        return self._server

    def take_over(self, connection: object, transport: asyncio.Transport, head: bytes, rest: bytes) -> None:
        """Answer the one message that begins with this head, and close; take `connection`'s place at the door."""
        self.server().take_over(connection, transport, head, rest)

    def pre_shutdown(self) -> None:
        """Answer what is there, and nothing after it."""
        if self._server is not None:
            self._server.pre_shutdown()

    async def shutdown(self, timeout_s: float) -> None:
        """Close every connection; whatever takes longer is cut off."""
        if self._server is not None:
            await self._server.shutdown(timeout_s)
