"""The check listener: the fast lane for plain heads, and behind it the aiohttp lane, with one door for both."""

from collections.abc import Callable, Mapping

from gateway.web.check.app import CheckServer
from gateway.web.check.dialect import Dialect
from gateway.web.check.door import Door
from gateway.web.check.lane.connection import Connection
from gateway.web.check.lane.lane import Lane
from gateway.web.check.service import CheckService
from gateway.web.check.trust import Trust


class CheckListener:
    """One per process. It is the factory of protocols that asyncio calls for each connection."""

    def __init__(
        self, service: CheckService, dialects: Mapping[str, Dialect], *, trust: Trust, untrusted: Callable[[str], None]
    ) -> None:
        """`untrusted` is told the address of each peer whose check is refused."""
        self.door = Door(trust, untrusted)
        self._application = CheckServer(service, dialects, door=self.door)
        self.lane = Lane(service, dialects, door=self.door, successor=self._application)

    def __call__(self) -> Connection:
        """A protocol for a new connection."""
        return self.lane()

    async def shutdown(self, timeout_s: float) -> None:
        """Answer what is there, then close every connection; whatever takes longer is cut off."""
        self._application.pre_shutdown()
        await self.lane.shutdown(timeout_s)
        await self._application.shutdown(timeout_s)
