"""The whole gateway in one process: a check worker, the portal and the ops listener on one opened installation."""

import contextlib
import gc

import structlog

from gateway.auth.keyring import KeyRing
from gateway.config import Settings
from gateway.runtime.generation import Generation, compiled, needs_restart, unknown_to_proxies
from gateway.runtime.listen import Sockets
from gateway.runtime.metrics import Metrics
from gateway.runtime.opened import Opened, open_installation
from gateway.runtime.part import Part, serve_app
from gateway.runtime.portal import Portal
from gateway.runtime.worker import Worker
from gateway.web.ops.app import ops_app

log = structlog.get_logger("gateway")


class Gateway:
    """Both parts, and the configuration that they follow."""

    def __init__(self, opened: Opened, generation: Generation, metrics: Metrics) -> None:
        self.metrics = metrics
        self.opened = opened
        self.source = generation.settings.source
        self._started = generation
        self._worker = Worker(opened, generation, metrics)
        self._portal = Portal(opened, generation)
        self.parts: tuple[Part, ...] = (self._worker, self._portal)

    @classmethod
    async def build(cls, settings: Settings, keyring: KeyRing, stack: contextlib.AsyncExitStack) -> "Gateway":
        """Open the store and its feed and put the parts together; what was opened is closed by `stack`."""
        metrics = Metrics()
        return cls(await open_installation(settings, keyring, metrics, stack), compiled(settings), metrics)

    async def listen(self, sockets: Sockets, stack: contextlib.AsyncExitStack) -> None:
        """Serve on the sockets."""
        await self._portal.listen(sockets.portal)
        await serve_app(ops_app(self._worker.readiness, self.metrics.registry), sockets.ops, stack)
        await self._worker.listen(sockets.check)

    def use(self, generation: Generation) -> None:
        """Take over a new configuration; what needs a restart, or the proxies to be told, is named."""
        settings, started = generation.settings, self._started.settings
        if settings.tokens.brand != started.tokens.brand:
            log.error("reload refused, the old configuration stays", errors=["tokens.brand is fixed per installation"])
            self.metrics.reloaded(ok=False)
            return
        for key in needs_restart(started, settings):
            log.warning("changed, but takes a restart", key=key)
        untold = unknown_to_proxies(self._started.check.policy, generation.check.policy)
        if untold:
            log.warning(
                "the proxies do not know these headers: clients can forge them until their config is printed again",
                headers=untold,
                run="token-gateway proxy-config",
            )
        for part in self.parts:
            part.use(generation)
        gc.freeze()
        self.metrics.reloaded(ok=True)
        log.info("reloaded", routes=len(generation.check.policy.table.routes))
