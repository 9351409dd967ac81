"""The parent of several processes: check workers on the same sockets, and the portal. It restarts the dead.

It answers no check and holds no token. All children use one reading of a configuration, of which check workers get only
what they need; one that starts later gets the newest, one that does not take it in time is replaced.
"""

import asyncio
import contextlib
import json
import pickle
import socket
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from prometheus_client import CollectorRegistry

from gateway.runtime import worker_metrics
from gateway.runtime.census import census, process
from gateway.runtime.generation import Generation
from gateway.runtime.life import Stop
from gateway.runtime.listen import Sockets
from gateway.runtime.metrics import Metrics
from gateway.runtime.offspring import PORTAL, Offspring, Package
from gateway.runtime.opened import StartError
from gateway.runtime.totals import Totals, snapshot
from gateway.web.ops.readiness import Readiness

log = structlog.get_logger("gateway")

START_S = 60.0  # that the first processes have to answer
TAKE_S = 30.0  # that a process has to take over a configuration
LOOK_S, SILENT_S = 2.0, 30.0  # a process that says nothing for so long hangs, and is replaced
SCRAPE_S = 1.0
SOON_S, LATE_S, STEADY_S = 0.1, 10.0, 30.0  # pause before a restart; doubled, until one lived for so long
END_S, HASTENED_END_S = 12.0, 3.0  # until the processes that still run are killed


class Supervisor:
    """The children and their configuration."""

    def __init__(self, children: Sequence[Offspring]) -> None:
        """The children were spawned already, and wait."""
        self._children = children
        self._workers = [child for child in children if child.name != PORTAL]
        self.workers = len(self._workers)
        self._stopping = asyncio.Event()
        self._started = False
        self._totals = Totals()
        self._tasks: list[asyncio.Task[None]] = []
        self._telling: asyncio.Task[None] | None = None
        self._began_at = datetime.now(UTC)
        self.metrics = Metrics()
        worker_metrics.register(self.metrics.registry, self._children)

    def abandon(self) -> None:
        """End processes that were spawned and never began."""
        for child in self._children:
            child.abandon()

    async def start(self, generation: Generation, sockets: Sockets, stop: Stop) -> None:
        """Have all of them answer. StartError with the words of the first that cannot."""
        self._packages = _Packages.of(1, generation)
        self._sockets = (*sockets.check, *sockets.of_portal)
        for child in self._children:
            listeners = sockets.of_portal if child.name == PORTAL else sockets.check
            task = asyncio.create_task(self._keep(child, listeners))
            self._tasks.append(task)
            stop.watch(task)
        try:
            async with asyncio.timeout(START_S):
                await asyncio.gather(*map(self._first_sign, self._children))
        except TimeoutError:
            await self._give_up(stop)
            raise StartError(f"the processes did not start within {START_S:g} s; the log says more") from None
        except StartError:
            await self._give_up(stop)
            raise
        self._started = True
        self._telling = asyncio.create_task(self._tell())
        for task in (asyncio.create_task(self._watch()), self._telling):
            stop.watch(task)
            self._tasks.append(task)

    async def give(self, number: int, generation: Generation) -> None:
        """Return when every process that answers uses this configuration."""
        self._packages = packages = await asyncio.to_thread(_Packages.of, number, generation)
        names = {route.name for route in generation.check.policy.table.routes}
        for child in self._children:
            child.keep_routes(names)
            child.give(packages.for_child(child))
        await asyncio.gather(*(self._taken(child, number) for child in self._children))

    async def readiness(self) -> Readiness:
        """Ready: at least one worker accepts checks and can reach the store."""
        answered = await asyncio.gather(*(worker.ask(SCRAPE_S) for worker in self._workers))
        told = [worker.report["readiness"] for worker, new in zip(self._workers, answered, strict=True) if new]
        able = [one for one in told if one["accepting"] and (one["store"] or one["cached"])]
        return Readiness(
            accepting=any(one["accepting"] for one in told),
            store=any(one["store"] for one in told),
            cached=any(one["cached"] for one in told),
            workers=len(self._workers),
            workers_ready=len(able),
        )

    async def registry(self) -> CollectorRegistry:
        """All metrics of all processes."""
        await asyncio.gather(*(child.ask(SCRAPE_S) for child in self._children))
        reported = [child.report["metrics"] for child in self._children if child.report]
        return self._totals.registry([self.metrics.snapshot(), *reported])

    async def census(self) -> dict[str, Any]:
        """What all processes say of themselves."""
        metrics, now = snapshot(await self.registry()), time.monotonic()
        return census(
            began_at=self._began_at,
            configuration=self._packages.worker.number,
            processes=[
                process(child, child.report.get("readiness", {}), now - child.heard_at if child.report else None)
                for child in self._children
            ],
            metrics=metrics,
            routes=sum((child.routes for child in self._workers), Counter[str]()),
        )

    async def run(self, stop: Stop) -> None:
        """Run until that is wanted; then drain."""
        await stop.wanted.wait()
        log.info("draining")
        await self._end(stop)

    async def _end(self, stop: Stop) -> None:
        """Drain all; kill whoever takes too long."""
        self._stopping.set()
        if self._telling is not None:
            self._telling.cancel()
        for opened in self._sockets:  # with the children's own ends, a connection is refused rather than left waiting
            opened.close()
        for child in self._children:
            child.drain()
        keeping = asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await stop.unless_hastened(asyncio.shield(keeping))
        if not keeping.done():
            for child in self._children:
                child.hasten()
            await asyncio.wait({keeping}, timeout=HASTENED_END_S)
        if not keeping.done():
            for child in self._children:
                if child.pid is not None:
                    log.error("a process did not end in time, killing it", child=child.name, pid=child.pid)
                    child.kill()
        await keeping

    async def _give_up(self, stop: Stop) -> None:
        stop.hasten()
        await self._end(stop)

    async def _keep(self, child: Offspring, listeners: Sequence[socket.socket]) -> None:
        """Have the child live, again and again, until the end."""
        pause_s = SOON_S
        while not self._stopping.is_set():
            began = time.monotonic()
            code = await child.live(listeners, lambda: self._packages.for_child(child))
            if child.report:
                self._totals.bury(child.report["metrics"])
                child.report = {}
            if self._stopping.is_set():
                return
            if not self._started:
                child.words = child.words or f"{child.name} ended with code {code} while it started"
                child.news.set()
                return
            if time.monotonic() - began > STEADY_S:
                pause_s = SOON_S
            child.restarts += 1
            log.error(
                "a process has ended, starting it again",
                child=child.name,
                code=code,
                detail=child.words,
                pause_s=pause_s,
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s)
            pause_s = min(2 * pause_s, LATE_S)

    async def _first_sign(self, child: Offspring) -> None:
        while not child.generation:
            if child.words:
                raise StartError(child.words)
            child.news.clear()
            await child.news.wait()

    async def _taken(self, child: Offspring, number: int) -> None:
        """Wait until the child uses this generation or has ended; one that does neither in time is killed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TAKE_S):
                while child.pid is not None and child.generation < number:
                    child.news.clear()
                    await child.news.wait()
                return
        log.error("a process did not take over the configuration, killing it", child=child.name, pid=child.pid)
        child.kill()

    async def _tell(self) -> None:
        """Tell the portal what it asks."""
        portal = next(child for child in self._children if child.name == PORTAL)
        while True:
            number = await portal.wonders.get()
            portal.tell(number, json.dumps(await self.census()).encode())

    async def _watch(self) -> None:
        """Replace processes that hang."""
        while not self._stopping.is_set():
            await asyncio.gather(*(child.ask(LOOK_S) for child in self._children))
            for child in self._children:
                if child.pid is not None and time.monotonic() - child.heard_at > SILENT_S:
                    log.error("a process gives no sign of life, killing it", child=child.name, pid=child.pid)
                    child.kill()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LOOK_S)


@dataclass(frozen=True, slots=True)
class _Packages:
    """One generation as each kind of process gets it."""

    worker: Package
    portal: Package

    @classmethod
    def of(cls, number: int, generation: Generation) -> "_Packages":
        return cls(*(Package(number, pickle.dumps(one, protocol=5)) for one in (generation.essentials(), generation)))

    def for_child(self, child: Offspring) -> Package:
        return self.portal if child.name == PORTAL else self.worker
