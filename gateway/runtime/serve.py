"""`token-gateway serve`: listen, follow signals, and leave nothing behind.

One process does it all, or a parent with check workers and the portal as its children. Either way this process has the
ops listener, reads the configuration, and talks to the service manager.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog
import uvloop
from aiohttp import http_parser
from prometheus_client import CollectorRegistry

from gateway import __version__
from gateway.auth.keyring import KeyFileError, KeyRing, is_readable_by_others
from gateway.auth.keyring import load as load_keys
from gateway.config import ConfigInvalid, Settings, load
from gateway.runtime import logs
from gateway.runtime.control import Control
from gateway.runtime.gateway import Gateway
from gateway.runtime.generation import Generation, compiled
from gateway.runtime.life import Stop
from gateway.runtime.listen import ListenError, open_all, raise_descriptor_limit
from gateway.runtime.metrics import Metrics
from gateway.runtime.offspring import Offspring
from gateway.runtime.opened import StartError, refuse_unusable
from gateway.runtime.reload import Look, Reloader, look
from gateway.runtime.site import serve_app
from gateway.runtime.supervisor import Supervisor
from gateway.runtime.systemd import Handed, Notifier, handed_over
from gateway.store import StoreError
from gateway.web.ops.app import ops_app
from gateway.web.ops.readiness import Readiness

log = structlog.get_logger("gateway")

EXIT_FAILED, EXIT_REFUSED = 1, 2


class Served(Protocol):
    """What answers checks: the one process, or the parent's children."""

    metrics: Metrics

    async def give(self, number: int, generation: Generation) -> None:
        """Return when this configuration is used everywhere."""
        ...

    async def readiness(self) -> Readiness:
        """Whether checks can be answered now."""
        ...

    async def registry(self) -> CollectorRegistry:
        """All metrics."""
        ...

    async def run(self, stop: Stop) -> None:
        """Run until that is wanted, and drain."""
        ...


def main(config: Path, children: Sequence[Offspring] | None = None, env: MutableMapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT, with these children, or in one process. Returns the exit code: 0 after a
    drain, 1 after one that an error of its own began, 2 when it could not start.
    """
    supervisor = None if children is None else Supervisor(children)
    try:
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            raise StartError("aiohttp runs without its C parser; unset AIOHTTP_NO_EXTENSIONS or install its wheel")
        notifier, handed = Notifier(env), handed_over(env)
        raise_descriptor_limit()
        read = look(config)
        settings = load(config, env)
        logs.set_up(level=settings.logs.level, as_json=settings.logs.format == "json")
        keyring = load_keys(settings.key_file)
        return uvloop.run(_Serving(settings, keyring, env, notifier, read).run(supervisor, handed))
    except ConfigInvalid as invalid:
        for error in invalid.errors:
            print(error, file=sys.stderr)  # noqa: T201  # the operator's terminal, before there is a log
        return EXIT_REFUSED
    except (StartError, KeyFileError, ListenError, StoreError) as error:
        print(f"token-gateway: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_REFUSED
    finally:
        if supervisor is not None:
            supervisor.abandon()
        logs.drain()


class _Serving:
    """One run of `serve`, from the valid configuration on."""

    def __init__(
        self, settings: Settings, keyring: KeyRing, env: MutableMapping[str, str], notifier: Notifier, read: Look
    ) -> None:
        self._settings, self._keyring, self._env, self._notifier = settings, keyring, env, notifier
        self._read = read
        self._stop = Stop()

    async def run(self, supervisor: Supervisor | None, handed: Handed) -> int:
        settings, stop, loop = self._settings, self._stop, asyncio.get_running_loop()
        loop.set_exception_handler(logs.unhandled)
        async with contextlib.AsyncExitStack() as stack:
            sso = settings.portal.sso
            sockets = open_all(settings.listen, None if sso is None else sso.socket, stack, handed)
            stop.on_signals(signal.SIGTERM, signal.SIGINT)
            generation = compiled(settings)
            served: Served
            if supervisor is None:
                served = await Gateway.start(generation, self._keyring, sockets, stack)
            else:
                await refuse_unusable(generation, self._keyring)
                await supervisor.start(generation, sockets, stop)
                served = supervisor
            reloader = Reloader(
                generation,
                env=self._env,
                give=served.give,
                metrics=served.metrics,
                reloading=self._reloading,
                read=self._read,
            )
            loop.add_signal_handler(signal.SIGHUP, reloader.want)
            control = Control(settings.source, reloader.reload)
            await control.listen()
            stack.push_async_callback(control.close)
            await serve_app(ops_app(served.readiness, served.registry), (sockets.ops,), stack)
            gc.freeze()  # what is there now stays for good: keep the collector from walking it
            self._tell_serving(supervisor)
            beside = [asyncio.create_task(one.run(stop.wanted)) for one in (reloader, self._notifier)]
            for task in beside:
                stop.watch(task)
            stopping = asyncio.create_task(self._tell_stopping())
            await served.run(stop)
            for task in (*beside, stopping):
                task.cancel()
            await asyncio.gather(*beside, stopping, return_exceptions=True)
        log.info("stopped")
        return EXIT_FAILED if stop.failed else 0

    def _tell_serving(self, supervisor: Supervisor | None) -> None:
        settings, key_file = self._settings, self._settings.key_file
        if is_readable_by_others(key_file):
            log.warning("others may read the key file", file=str(key_file), run=f"chmod 600 {key_file}")
        log.info(
            "serving",
            version=__version__,
            pid=os.getpid(),
            workers=supervisor.workers if supervisor is not None else "one process",
            check=[str(listener) for listener in settings.listen.check],
            portal=str(settings.listen.portal),
            ops=str(settings.listen.ops),
        )
        self._notifier.ready("serving")

    def _reloading(self, begins: bool) -> None:
        if begins:
            self._notifier.reloading()
        elif not self._stop.wanted.is_set():
            self._notifier.ready("serving")

    async def _tell_stopping(self) -> None:
        await self._stop.wanted.wait()
        self._notifier.stopping()
