"""`token-gateway serve`: build every part, listen, follow signals, and leave nothing behind."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
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
from gateway.auth.keyring import KeyFileError, KeyRing, is_readable_by_others
from gateway.auth.keyring import load as load_keys
from gateway.auth.lease import Lease, StaleError, boot_clock
from gateway.auth.rt.failures import Failures
from gateway.auth.rt.tokens import RtTokens
from gateway.auth.usage import UsageCounter
from gateway.config import ConfigInvalid, Settings, UnixListener, load
from gateway.runtime import logs
from gateway.runtime.generation import Generation, compiled, needs_restart, read_again, unknown_to_proxies
from gateway.runtime.listen import BACKLOG, ListenError, open_tcp, open_unix
from gateway.runtime.metrics import Metrics
from gateway.store import Store, StoreError
from gateway.web.check.app import CheckServer
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService
from gateway.web.check.throttle import Throttle
from gateway.web.ops.app import Readiness, ops_app

log = structlog.get_logger("gateway")

EXIT_FAILED, EXIT_REFUSED = 1, 2
DRAIN_S = 5.0
RT_THREADS, RT_QUEUE = 1, 8  # bcrypt takes up to seconds a value: never more than one core, and nobody waits long
TOKEN_THREADS, TOKEN_QUEUE = 2, 128  # a place waits at most about 0.3 s at 5 ms a hash


class StartError(Exception):
    """The gateway cannot start; one line that says why and what to type."""


def main(config: Path, env: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a drain, 1 after one that an
    error of its own began, 2 when it could not start.
    """
    try:
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            raise StartError("aiohttp runs without its C parser; unset AIOHTTP_NO_EXTENSIONS or install its wheel")
        settings = load(config, env)
        logs.set_up(level=settings.logs.level, as_json=settings.logs.format == "json")
        return uvloop.run(_serve(settings, load_keys(settings.key_file), env))
    except ConfigInvalid as invalid:
        for error in invalid.errors:
            print(error, file=sys.stderr)  # noqa: T201  # the operator's terminal, before there is a log
        return EXIT_REFUSED
    except (StartError, KeyFileError, ListenError, StoreError) as error:
        print(f"token-gateway: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_REFUSED
    finally:
        logs.drain()


async def _serve(settings: Settings, keyring: KeyRing, env: Mapping[str, str]) -> int:
    async with contextlib.AsyncExitStack() as stack:
        sockets = _open_sockets(settings, stack)
        gateway = await Gateway.build(settings, keyring, stack)
        await gateway.listen(sockets, stack)
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        reload_wanted = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
        if is_readable_by_others(settings.key_file):
            log.warning(
                "others may read the key file", file=str(settings.key_file), run=f"chmod 600 {settings.key_file}"
            )
        failed = False

        def ended(task: asyncio.Task[None]) -> None:
            nonlocal failed
            if not task.cancelled() and task.exception() is not None:
                log.error("a task of the gateway failed, stopping", exc_info=task.exception())
                failed = True
                stop.set()

        flushing = asyncio.create_task(gateway.usage.run(stop))
        reloading = asyncio.create_task(_reload_when_wanted(gateway, reload_wanted, env))
        for task in (flushing, reloading):
            task.add_done_callback(ended)
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
        await asyncio.gather(flushing, reloading, return_exceptions=True)
        await gateway.authenticator.close()
        await gateway.usage.flush()  # once more: the checks that were still running have been counted since
    log.info("stopped")
    return EXIT_FAILED if failed else 0


async def _reload_when_wanted(gateway: "Gateway", wanted: asyncio.Event, env: Mapping[str, str]) -> None:
    while True:
        await wanted.wait()
        wanted.clear()
        try:
            generation = await asyncio.to_thread(read_again, gateway.source, env)
        except ConfigInvalid as invalid:
            gateway.metrics.reloaded(ok=False)
            log.error("reload refused, the old configuration stays", errors=[str(error) for error in invalid.errors])
            continue
        gateway.use(generation)


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
        generation = compiled(settings)
        self.source = settings.source
        self._started = settings
        self._known_to_proxies = generation.check.policy
        self.authenticator = authenticator
        self.usage = usage
        self.metrics = metrics
        self._lease = lease
        self._accepting = False
        self._strangers = Throttle()
        self._sites: list[asyncio.Server] = []
        self.service = CheckService(
            generation.check, authenticator=authenticator, usage=usage, metrics=metrics, clock=clock
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


def _refuse_unregistered_key(settings: Settings, keyring: KeyRing, store: Store) -> None:
    """Refuse a key that the store does not know: a wrong file would cost an argon2 for every wrong guess."""
    if keyring.current.id not in store.meta.keys:
        raise StartError(
            f"key {keyring.current.id} of {settings.key_file} is not registered with the store; "
            "`token-gateway key register` does that, if the file is the right one"
        )
