"""The parts of a serving process, built and wired: store, feed, lease, authenticator, listeners."""

import asyncio
import contextlib
import gc
from datetime import UTC, datetime

import structlog
from aiohttp import web

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.desk import Desk
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import KeyRing
from gateway.auth.lease import Lease, StaleError, boot_clock
from gateway.auth.refusals import Refusals
from gateway.auth.rt.failures import Failures
from gateway.auth.rt.tokens import RtTokens
from gateway.auth.usage import UsageCounter
from gateway.config import Settings
from gateway.runtime.audit_head import AuditHeads
from gateway.runtime.generation import Generation, compiled, needs_restart, unknown_to_proxies
from gateway.runtime.listen import BACKLOG, Sockets
from gateway.runtime.metrics import Metrics
from gateway.store import Store
from gateway.web.api.app import api_app
from gateway.web.api.token import Surroundings, TokenHandlers
from gateway.web.check.app import KEEPALIVE_S, CheckServer
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService
from gateway.web.check.throttle import Throttle
from gateway.web.ops.app import Readiness, ops_app
from gateway.web.quiet import QuietRunner

log = structlog.get_logger("gateway")

DRAIN_S = 5.0
RT_THREADS, RT_QUEUE = 1, 8  # bcrypt takes up to seconds a value: never more than one core, and nobody waits long
TOKEN_THREADS, TOKEN_QUEUE = 2, 128  # a place waits at most about 0.3 s at 5 ms a hash


class StartError(Exception):
    """The gateway cannot start; one line that says why and what to type."""


class Gateway:
    """The parts of one serving process."""

    def __init__(
        self,
        settings: Settings,
        *,
        store: Store,
        keyring: KeyRing,
        pool: HashPool,
        lease: Lease,
        authenticator: Authenticator,
        usage: UsageCounter,
        refusals: Refusals,
        metrics: Metrics,
    ) -> None:
        generation = compiled(settings)
        self.source = settings.source
        self._started = self._settings = settings
        self._store, self._keyring, self._pool = store, keyring, pool
        self._known_to_proxies = generation.check.policy
        self.authenticator = authenticator
        self.usage = usage
        self.refusals = refusals
        self.audit_heads = AuditHeads(store)
        self.metrics = metrics
        self._lease = lease
        self._accepting = False
        self._strangers = Throttle()
        self._sites: list[asyncio.Server] = []
        self.service = CheckService(
            generation.check,
            authenticator=authenticator,
            usage=usage,
            refusals=refusals,
            metrics=metrics,
            clock=_now,
        )
        self.server = server = CheckServer(
            self.service, DIALECTS, trust=generation.trust, untrusted=self._refused_stranger
        )
        metrics.counter("check_connections", "Connections to the check listener.", lambda: server.accepted)
        metrics.gauge("check_connections_open", "Of these, open now.", lambda: len(server.connections))

    @classmethod
    async def build(cls, settings: Settings, keyring: KeyRing, stack: contextlib.AsyncExitStack) -> "Gateway":
        """Open the store and its feed and put the parts together; what was opened is closed by `stack`."""
        store = await Store.open(settings.store.url, now=_now, keys=keyring.keys, brand=settings.tokens.brand)
        stack.push_async_callback(store.close)
        _refuse_unregistered_key(settings, keyring, store)
        feed = store.follow()
        stack.callback(feed.close)
        pool = HashPool(threads=TOKEN_THREADS, queue=TOKEN_QUEUE, name="argon2-token")
        stack.callback(pool.close)
        states = TokenStates()
        lease = Lease(feed, bound_s=store.meta.bound_s, apply=states.apply)
        lease.renew()
        rt_pool = HashPool(threads=RT_THREADS, queue=RT_QUEUE, name="bcrypt-rt")
        stack.callback(rt_pool.close)
        authenticator = Authenticator(
            store=store,
            lease=lease,
            states=states,
            keyring=keyring,
            pool=pool,
            brand=settings.tokens.brand,
            fault=lambda words: log.error("token not usable", detail=words),
            rt=RtTokens(
                store=store,
                keyring=keyring,
                pool=rt_pool,
                failures=Failures(boot_clock),
                clock=boot_clock,
                fault=lambda words: log.warning("token not marked", detail=words),
            ),
        )
        usage = UsageCounter(store, fault=lambda words: log.warning("usage not written", detail=words))
        refusals = Refusals(
            store, clock=_now, fault=lambda words: log.warning("refusals not written to the audit", detail=words)
        )
        metrics = Metrics()
        metrics.gauge("hashing_queue", "Hashes running and waiting.", lambda: pool.held)
        metrics.gauge("lease_age_seconds", "Age of the last complete poll of the change feed.", lambda: lease.age_s)
        metrics.gauge("token_states", "Tokens whose state is in memory.", lambda: len(states))
        metrics.counter("verified_cache_hits", "Checks answered without a hash.", lambda: authenticator.hits)
        metrics.counter("verified_cache_misses", "Checks that had to look further.", lambda: authenticator.misses)
        return cls(
            settings,
            store=store,
            keyring=keyring,
            pool=pool,
            lease=lease,
            authenticator=authenticator,
            usage=usage,
            refusals=refusals,
            metrics=metrics,
        )

    async def listen(self, sockets: Sockets, stack: contextlib.AsyncExitStack) -> None:
        """Serve on the sockets."""
        loop = asyncio.get_running_loop()
        portal = api_app(TokenHandlers(self.authenticator, self._surroundings), public_url=self._public_url)
        for app, opened in ((portal, sockets.portal), (ops_app(self.readiness, self.metrics.registry), sockets.ops)):
            runner = QuietRunner(
                app, access_log=None, keepalive_timeout=KEEPALIVE_S, lingering_time=1.0, shutdown_timeout=DRAIN_S
            )
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.SockSite(runner, opened, backlog=BACKLOG).start()
        for opened in sockets.check:
            self._sites.append(await loop.create_server(self.server, sock=opened, backlog=BACKLOG))
        self._accepting = True

    def _surroundings(self) -> Surroundings:
        desk = Desk(store=self._store, keyring=self._keyring, hashing=self._pool, settings=self._settings, now=_now)
        return Surroundings(desk=desk, policy=self.service.settings.policy, is_trusted=self._is_trusted)

    def _is_trusted(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None:
            return False
        return self.server.trust(transport.get_extra_info("socket").family, transport.get_extra_info("peername"))

    def _public_url(self) -> str:
        return self._settings.public_url

    def readiness(self) -> Readiness:
        """Whether checks can be answered now."""
        try:
            self._lease.renew()
        except StaleError:
            return Readiness(accepting=self._accepting, store=False)
        return Readiness(accepting=self._accepting, store=True)

    def use(self, generation: Generation) -> None:
        """Take over a new configuration; what needs a restart, or the proxies to be told, is named."""
        settings = generation.settings
        if settings.tokens.brand != self._started.tokens.brand:
            log.error("reload refused, the old configuration stays", errors=["tokens.brand is fixed per installation"])
            self.metrics.reloaded(ok=False)
            return
        for key in needs_restart(self._started, settings):
            log.warning("changed, but takes a restart", key=key)
        untold = unknown_to_proxies(self._known_to_proxies, generation.check.policy)
        if untold:
            log.warning(
                "the proxies do not know these headers: clients can forge them until their config is printed again",
                headers=untold,
                run="token-gateway proxy-config",
            )
        self._settings = settings
        self.service.settings, self.server.trust = generation.check, generation.trust
        gc.freeze()
        self.metrics.reloaded(ok=True)
        log.info("reloaded", routes=len(generation.check.policy.table.routes))

    async def drain(self) -> None:
        """Take no new connections, let checks in flight end, then close what is left."""
        self._accepting = False
        for site in self._sites:
            site.close()
        self.server.pre_shutdown()
        await self.server.shutdown(DRAIN_S)

    def _refused_stranger(self, address: str) -> None:
        self.metrics.untrusted()
        count = self._strangers.occasion()
        if count is not None:
            add = f'trusted_proxies: [..., "{address}"]'
            log.warning("refused a peer that is not in trusted_proxies", address=address, add=add, refused=count)


def _now() -> datetime:
    return datetime.now(UTC)


def _refuse_unregistered_key(settings: Settings, keyring: KeyRing, store: Store) -> None:
    """Refuse a key that the store does not know: a wrong file would cost an argon2 for every wrong guess."""
    if keyring.current.id not in store.meta.keys:
        raise StartError(
            f"key {keyring.current.id} of {settings.key_file} is not registered with the store; "
            "`token-gateway key register` does that, if the file is the right one"
        )
