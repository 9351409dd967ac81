"""The check worker: the part that answers checks. It knows nothing of the portal, its API or its pages."""

import asyncio
import socket
from collections.abc import Sequence

import structlog

from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.runtime.essentials import Essentials
from gateway.runtime.metrics import Metrics
from gateway.runtime.opened import Opened, now, readiness
from gateway.runtime.part import BACKLOG, DRAIN_S, Task
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.listener import CheckListener
from gateway.web.check.service import CheckService
from gateway.web.check.throttle import Throttle
from gateway.web.ops.readiness import Readiness

log = structlog.get_logger("gateway")


class Worker:
    """Answers checks on an opened installation, counts uses and refusals, and writes them behind."""

    def __init__(self, opened: Opened, essentials: Essentials, metrics: Metrics) -> None:
        self._lease = opened.lease
        self._metrics = metrics
        self._accepting = False
        self._strangers = Throttle()
        self._sites: list[asyncio.Server] = []
        self._usage = UsageCounter(opened.store, fault=lambda words: log.warning("usage not written", detail=words))
        self._refusals = Refusals(
            opened.store,
            clock=now,
            fault=lambda words: log.warning("refusals not written to the audit", detail=words),
        )
        self._service = CheckService(
            essentials.check,
            authenticator=opened.authenticator,
            usage=self._usage,
            refusals=self._refusals,
            metrics=metrics,
            clock=now,
        )
        metrics.caches.add(self._service.counted())
        metrics.routes = self._service.led_to
        self._listener = listener = CheckListener(
            self._service, DIALECTS, trust=essentials.trust, untrusted=self._refused_stranger
        )
        door, lane = listener.door, listener.lane
        repeated, alike, strangers = lane.repeated, lane.alike, lane.strangers
        metrics.counter("check_connections", "Connections to the check listener.", lambda: door.accepted)
        metrics.gauge("check_connections_open", "Of these, open now.", lambda: len(door.inside))
        metrics.counter("repeated_heads", "Checks answered as the same head was before.", lambda: repeated.given)
        metrics.gauge(
            "repeated_heads_kept", "Answers that are kept for heads that come again.", lambda: len(repeated.kept)
        )
        metrics.counter("alike_heads", "Checks answered as a head was that differs in the URI.", lambda: alike.given)
        metrics.gauge("alike_heads_kept", "Kinds of heads that are known for that.", lambda: len(alike.kept))
        metrics.counter(
            "stranger_heads", "Wrong tokens refused without reading the head again.", lambda: strangers.given
        )
        metrics.gauge("stranger_heads_kept", "Kinds of heads that are known for that.", lambda: len(strangers.kept))

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Writing behind."""
        return (self._usage, self._refusals)

    async def listen(self, sockets: Sequence[socket.socket]) -> None:
        """Answer checks on the sockets."""
        loop = asyncio.get_running_loop()
        for opened in sockets:
            self._sites.append(await loop.create_server(self._listener, sock=opened, backlog=BACKLOG))
        self._accepting = True

    def readiness(self) -> Readiness:
        """Whether checks can be answered now."""
        return readiness(self._lease, accepting=self._accepting)

    def use(self, essentials: Essentials) -> None:
        """Judge by the new configuration from the next check on."""
        self._listener.use(essentials.check, essentials.trust)

    async def drain(self) -> None:
        """Take no new connections, let checks in flight end, then close what is left."""
        self._accepting = False
        for site in self._sites:
            site.close()
        await self._listener.shutdown(DRAIN_S)

    async def finish(self) -> None:
        """Write once more: the checks that were still running have been counted since."""
        await self._usage.flush()
        await self._refusals.flush(whole=True)

    def _refused_stranger(self, address: str) -> None:
        self._metrics.untrusted()
        count = self._strangers.occasion()
        if count is not None:
            add = f'trusted_proxies: [..., "{address}"]'
            log.warning("refused a peer that is not in trusted_proxies", address=address, add=add, refused=count)
