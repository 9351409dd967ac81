"""The whole gateway in one process: a check worker and the portal on one opened installation."""

import asyncio
import contextlib
import gc
import importlib
import os
import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from gateway.auth.census import Census, read_census
from gateway.auth.keyring import KeyRing
from gateway.runtime import worker_metrics
from gateway.runtime.census import census, process
from gateway.runtime.generation import Generation
from gateway.runtime.life import Stop, run_until_stopped
from gateway.runtime.listen import Sockets
from gateway.runtime.metrics import Metrics
from gateway.runtime.opened import Opened, open_installation
from gateway.runtime.part import Part
from gateway.runtime.worker import Worker
from gateway.web.ops.readiness import Readiness

if TYPE_CHECKING:
    from gateway.runtime.portal import Portal


class Gateway:
    """Both parts, and the number of the configuration that they follow."""

    name = "gateway"
    restarts = 0
    generation = 0

    def __init__(self, opened: Opened, generation: Generation, metrics: Metrics) -> None:
        self.metrics = metrics
        self.pid = os.getpid()
        self.began_at = datetime.now(UTC)
        self._opened = opened
        self._worker = Worker(opened, generation, metrics)
        self._portal: Portal | None = None
        worker_metrics.register(metrics.registry, [self])

    @classmethod
    async def start(
        cls, generation: Generation, keyring: KeyRing, sockets: Sockets, stack: contextlib.AsyncExitStack
    ) -> "Gateway":
        """Open the store and its feed, put the parts together, answer; what was opened is closed by `stack`.

        Checks first: they are answered while the portal is still being put together.
        """
        metrics = Metrics()
        made = cls(await open_installation(generation, keyring, metrics, stack), generation, metrics)
        await made._worker.listen(sockets.check)
        await made._open_portal(sockets.of_portal, generation)
        made.generation = 1
        return made

    async def give(self, number: int, generation: Generation) -> None:
        """Use this configuration from now on."""
        for part in self._parts():
            part.use(generation)
        names = {route.name for route in generation.check.policy.table.routes}
        for name in [name for name in self.metrics.routes if name not in names]:
            del self.metrics.routes[name]
        self.generation = number
        gc.freeze()

    async def readiness(self) -> Readiness:
        """Whether checks can be answered now."""
        return self._worker.readiness()

    async def registry(self) -> CollectorRegistry:
        """All metrics."""
        return self.metrics.registry

    async def census(self) -> Census:
        """What the only process says of itself."""
        readiness = asdict(self._worker.readiness())  # first: it polls the feed
        document = census(
            began_at=self.began_at,
            configuration=self.generation,
            processes=[process(self, readiness, 0.0)],
            metrics=self.metrics.snapshot(),
            routes=dict(self.metrics.routes),
        )
        return read_census(document)

    async def run(self, stop: Stop) -> None:
        """Run until that is wanted; then drain."""
        await run_until_stopped(self._parts(), self._opened, stop)

    async def _open_portal(self, opened: Sequence[socket.socket], generation: Generation) -> None:
        await asyncio.to_thread(importlib.import_module, "gateway.runtime.portal")  # 0.2 s that no check waits for
        from gateway.runtime.portal import Portal  # noqa: PLC0415

        self._portal = Portal(self._opened, generation, self.metrics, self.census)
        await self._portal.listen(opened)

    def _parts(self) -> tuple[Part, ...]:
        return (self._worker,) if self._portal is None else (self._worker, self._portal)
