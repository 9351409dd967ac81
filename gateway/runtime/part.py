"""What a part of the serving process is to whoever composes it: the check worker is one, the portal another."""

import asyncio
from typing import Any, Protocol

from gateway.web.ops.readiness import Readiness

BACKLOG = 1024  # of connections that wait to be accepted
DRAIN_S = 5.0  # that requests in flight have to end


class Task(Protocol):
    """Something that runs beside the requests until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, and end what is under way. An exception stops the process."""
        ...


class Part(Protocol):
    """Listens, answers, takes over new configurations, drains."""

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What runs beside the requests."""
        ...

    def readiness(self) -> Readiness:
        """Whether requests can be answered now."""
        ...

    def use(self, generation: Any) -> None:
        """Take over what the part needs of a new configuration, for every request that begins from now on."""
        ...

    async def drain(self) -> None:
        """Take no new connections, and let requests in flight end."""
        ...

    async def finish(self) -> None:
        """Write what is left to write, after the tasks have ended."""
        ...
