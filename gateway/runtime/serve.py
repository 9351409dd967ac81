"""`token-gateway serve`: listen, follow signals, and leave nothing behind."""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

import structlog
import uvloop
from aiohttp import http_parser

from gateway import __version__
from gateway.auth.keyring import KeyFileError, KeyRing, is_readable_by_others
from gateway.auth.keyring import load as load_keys
from gateway.config import ConfigInvalid, Settings, load
from gateway.runtime import logs
from gateway.runtime.gateway import Gateway
from gateway.runtime.generation import read_again
from gateway.runtime.life import Stop, run_until_stopped
from gateway.runtime.listen import ListenError, open_all, raise_descriptor_limit
from gateway.runtime.opened import StartError
from gateway.store import StoreError

log = structlog.get_logger("gateway")

EXIT_FAILED, EXIT_REFUSED = 1, 2


def main(config: Path, env: Mapping[str, str] = os.environ) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code: 0 after a drain, 1 after one that an
    error of its own began, 2 when it could not start.
    """
    try:
        if http_parser.HttpRequestParser is http_parser.HttpRequestParserPy:
            raise StartError("aiohttp runs without its C parser; unset AIOHTTP_NO_EXTENSIONS or install its wheel")
        settings = load(config, env)
        raise_descriptor_limit()
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
    stop = Stop()
    async with contextlib.AsyncExitStack() as stack:
        sockets = open_all(settings.listen, stack)
        gateway = await Gateway.build(settings, keyring, stack)
        await gateway.listen(sockets, stack)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(logs.unhandled)
        stop.on_signals()
        reload_wanted = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, reload_wanted.set)
        if is_readable_by_others(settings.key_file):
            log.warning(
                "others may read the key file", file=str(settings.key_file), run=f"chmod 600 {settings.key_file}"
            )
        reloading = asyncio.create_task(_reload_when_wanted(gateway, reload_wanted, env))
        stop.watch(reloading)
        gc.freeze()  # what is there now stays for good: keep the collector from walking it
        log.info(
            "serving",
            version=__version__,
            pid=os.getpid(),
            check=[str(listener) for listener in settings.listen.check],
            portal=str(settings.listen.portal),
            ops=str(settings.listen.ops),
        )
        await run_until_stopped(gateway.parts, gateway.opened, stop)
        reloading.cancel()
        await asyncio.gather(reloading, return_exceptions=True)
    log.info("stopped")
    return EXIT_FAILED if stop.failed else 0


async def _reload_when_wanted(gateway: Gateway, wanted: asyncio.Event, env: Mapping[str, str]) -> None:
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
