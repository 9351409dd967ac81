"""`token-gateway serve`: build every part, listen, follow signals, and leave nothing behind."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import structlog
import uvloop
from aiohttp import http_parser, web

from gateway import __version__
from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import KeyFileError, KeyRing
from gateway.auth.keyring import load as load_keys
from gateway.auth.lease import Lease, StaleError
from gateway.auth.usage import UsageCounter
from gateway.config import ConfigInvalid, Settings, UnixListener, load
from gateway.runtime import logs
from gateway.runtime.listen import BACKLOG, ListenError, open_tcp, open_unix
from gateway.runtime.metrics import Metrics
from gateway.store import Store, StoreError
from gateway.web.check.app import CheckServer, Trust
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.ops.app import Readiness, ops_app

log = structlog.get_logger("gateway")

EXIT_REFUSED = 2
DRAIN_S = 5.0
TOKEN_THREADS, TOKEN_QUEUE = 2, 128  # a place waits at most about 0.3 s at 5 ms a hash
UNTRUSTED_LOG_S = 60.0


class StartError(Exception):
    """The gateway cannot start; one line that says why and what to type."""


def main(config: Path, env: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a drain, 2 when it could not start."""
    try:
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            raise StartError("aiohttp runs without its C parser; unset AIOHTTP_NO_EXTENSIONS or install its wheel")
        settings = load(config, env)
        logs.set_up(level=settings.logs.level, as_json=settings.logs.format == "json")
        uvloop.run(_serve(settings, load_keys(settings.key_file), env))
    except ConfigInvalid as invalid:
        for error in invalid.errors:
            print(error, file=sys.stderr)  # noqa: T201  # the operator's terminal, before there is a log
        return EXIT_REFUSED
    except (StartError, KeyFileError, ListenError, StoreError) as error:
        print(f"token-gateway: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_REFUSED
    return 0


async def _serve(settings: Settings, keyring: KeyRing, env: Mapping[str, str]) -> None:
    async with contextlib.AsyncExitStack() as stack:
        sockets = _open_sockets(settings, stack)
        gateway = await Gateway.build(settings, keyring, stack)
        await gateway.listen(sockets, stack)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reload_wanted = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
        flushing = asyncio.create_task(gateway.usage.run(stop))
        reloading = asyncio.create_task(_reload_when_wanted(gateway, reload_wanted, env))
        gc.freeze()  # what is there now stays for good: keep the collector from walking it
        log.info(
            "serving",
            version=__version__,
            pid=os.getpid(),
            check=[str(listener) for listener in settings.listen.check],
            ops=str(settings.listen.ops),
        )
        await stop.wait()
        log.info("draining")
        reloading.cancel()
        await gateway.drain()
        await flushing
        await gateway.authenticator.close()
        await gateway.usage.flush()  # once more: the checks that were still running have been counted since
    log.info("stopped")


async def _reload_when_wanted(gateway: "Gateway", wanted: asyncio.Event, env: Mapping[str, str]) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            settings = await asyncio.to_thread(load, gateway.settings.source, env)
        except ConfigInvalid as invalid:
            gateway.metrics.reloaded(ok=False)
            log.error("reload refused, the old configuration stays", errors=[str(error) for error in invalid.errors])
            continue
        gateway.use(settings)


class Gateway:
    """The parts of one serving process."""

    def __init__(
        self,
        settings: Settings,
        *,
        lease: Lease,
        authenticator: Authenticator,
        usage: UsageCounter,
        metrics: Metrics,
        clock: Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.authenticator = authenticator
        self.usage = usage
        self.metrics = metrics
        self._lease = lease
        self._accepting = False
        self._untrusted_count = 0
        self._untrusted_said = float("-inf")
        self._sites: list[asyncio.Server] = []
        service_settings = _check_settings(settings)
        self.service = CheckService(
            service_settings, authenticator=authenticator, usage=usage, metrics=metrics, clock=clock
        )
        self.server = CheckServer(self.service, DIALECTS, trust=_trust(settings), untrusted=self._untrusted)

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
        authenticator = Authenticator(
            store=store,
            lease=lease,
            states=states,
            keyring=keyring,
            pool=pool,
            brand=settings.tokens.brand,
            fault=lambda words: log.error("token not usable", detail=words),
        )
        usage = UsageCounter(store, fault=lambda words: log.warning("usage not written", detail=words))
        metrics = Metrics()
        metrics.gauge("hashing_queue", "Hashes running and waiting.", lambda: pool.held)
        metrics.gauge("lease_age_seconds", "Age of the last complete poll of the change feed.", lambda: lease.age_s)
        metrics.gauge("token_states", "Tokens whose state is in memory.", lambda: len(states))
        metrics.counter("verified_cache_hits", "Checks answered without a hash.", lambda: authenticator.hits)
        metrics.counter("verified_cache_misses", "Checks that had to look further.", lambda: authenticator.misses)
        return cls(settings, lease=lease, authenticator=authenticator, usage=usage, metrics=metrics, clock=_now)

    async def listen(self, sockets: "Sockets", stack: contextlib.AsyncExitStack) -> None:
        """Serve on the sockets."""
        loop = asyncio.get_running_loop()
        ops_runner = web.AppRunner(ops_app(self.readiness, self.metrics.registry), access_log=None)
        await ops_runner.setup()
        stack.push_async_callback(ops_runner.cleanup)
        for opened in sockets.check:
            self._sites.append(await loop.create_server(self.server, sock=opened, backlog=BACKLOG))
        await web.SockSite(ops_runner, sockets.ops, backlog=BACKLOG).start()
        self._accepting = True

    def readiness(self) -> Readiness:
        """Whether checks can be answered now."""
        try:
            self._lease.renew()
        except StaleError:
            return Readiness(accepting=self._accepting, store=False)
        return Readiness(accepting=self._accepting, store=True)

    def use(self, settings: Settings) -> None:
        """Take over a new configuration; what needs a restart is named and left as it is."""
        for key in ("listen", "store", "key_file", "logs"):
            if getattr(settings, key) != getattr(self.settings, key):
                log.warning("changed, but takes a restart", key=key)
        if settings.tokens.brand != self.settings.tokens.brand:
            log.error("reload refused, the old configuration stays", errors=["tokens.brand is fixed per installation"])
            self.metrics.reloaded(ok=False)
            return
        self.settings = settings
        self.service.settings = _check_settings(settings)
        self.server.trust = _trust(settings)
        self.metrics.reloaded(ok=True)
        log.info("reloaded", routes=len(self.service.settings.policy.table.routes))

    async def drain(self) -> None:
        """Take no new connections, let checks in flight end, then close what is left."""
        self._accepting = False
        for site in self._sites:
            site.close()
        self.server.pre_shutdown()
        await self.server.shutdown(DRAIN_S)

    def _untrusted(self, address: str) -> None:
        self.metrics.untrusted()
        self._untrusted_count += 1
        now = time.monotonic()
        if now - self._untrusted_said < UNTRUSTED_LOG_S:
            return
        self._untrusted_said = now
        log.warning(
            "refused a peer that is not in trusted_proxies",
            address=address,
            add=f'trusted_proxies: [..., "{address}"]',
            refused=self._untrusted_count,
        )
        self._untrusted_count = 0


class Sockets(NamedTuple):
    """What is listened on."""

    check: tuple[socket.socket, ...]
    ops: socket.socket


def _open_sockets(settings: Settings, stack: contextlib.AsyncExitStack) -> Sockets:
    """Open every listener, before anything else is touched; all of them or none."""
    check = []
    for at, listener in enumerate(settings.listen.check):
        key = f"listen.check[{at}]"
        if isinstance(listener, UnixListener):
            opened = open_unix(listener, key)
            stack.callback(listener.unix.unlink, missing_ok=True)
        else:
            opened = open_tcp(listener, key)
        stack.callback(opened.close)
        check.append(opened)
    ops = open_tcp(settings.listen.ops, "listen.ops")
    stack.callback(ops.close)
    return Sockets(tuple(check), ops)


def _now() -> datetime:
    return datetime.now(UTC)


def _check_settings(settings: Settings) -> CheckSettings:
    return CheckSettings(
        policy=settings.policy(),
        skip=settings.client_address.skip,
        realm=settings.realm,
        support_contact=settings.support_contact,
    )


def _trust(settings: Settings) -> Trust:
    return Trust(settings.trusted_proxies.networks, unix=settings.trusted_proxies.unix)


def _refuse_unregistered_key(settings: Settings, keyring: KeyRing, store: Store) -> None:
    """Refuse a key that the store does not know: a wrong file would cost an argon2 for every wrong guess."""
    if keyring.current.id not in store.meta.keys:
        raise StartError(
            f"key {keyring.current.id} of {settings.key_file} is not registered with the store; "
            "`token-gateway key register` does that, if the file is the right one"
        )
