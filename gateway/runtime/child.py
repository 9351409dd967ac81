"""A child of `serve --workers`: a fresh interpreter with one part in it, a check worker or the portal.

It gets its listening sockets and each configuration from its parent, and drains when the parent tells it to, or is
gone. Run as `python -P -m gateway.runtime.child NAME NUMBER`, the number being that of the inherited socket.
"""

import asyncio
import contextlib
import gc
import json
import pickle
import signal
import socket
import sys
from dataclasses import asdict

import structlog
import uvloop

from gateway.auth.keyring import KeyFileError
from gateway.auth.keyring import load as load_keys
from gateway.runtime import logs
from gateway.runtime.channel import Channel, Kind, receive_listeners
from gateway.runtime.generation import Generation
from gateway.runtime.life import Stop, run_until_stopped
from gateway.runtime.metrics import Metrics
from gateway.runtime.offspring import PORTAL
from gateway.runtime.opened import Opened, StartError, open_installation
from gateway.runtime.part import Part
from gateway.runtime.worker import Worker
from gateway.store import StoreError

log = structlog.get_logger("gateway")

EXIT_FAILED, EXIT_REFUSED = 1, 2


def main(name: str, number: int) -> int:
    """Be the child of that name until the parent says otherwise. The exit code, as of `serve`."""
    for ignored in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all; the parent says what they mean
        signal.signal(ignored, signal.SIG_IGN)
    end = socket.socket(fileno=number)
    end.set_inheritable(False)
    try:
        listeners = receive_listeners(end)
        return uvloop.run(_live(name, end, listeners)) if listeners else 0
    finally:
        logs.drain()


async def _live(name: str, end: socket.socket, listeners: list[socket.socket]) -> int:
    asyncio.get_running_loop().set_exception_handler(logs.unhandled)
    channel = await Channel.over(end)
    first = await channel.receive()
    if first is None:
        return 0
    generation: Generation = pickle.loads(first.body)  # noqa: S301  from the parent, over the inherited socket
    wanted = generation.settings.logs
    logs.set_up(level=wanted.level, as_json=wanted.format == "json", process=name)
    metrics, stop = Metrics(), Stop()
    try:
        async with contextlib.AsyncExitStack() as stack:
            keyring = load_keys(generation.settings.key_file)
            opened = await open_installation(generation.settings, keyring, metrics, stack)
            part = await _part(name, opened, generation, metrics, listeners)
            stop.on_signals(signal.SIGTERM)
            gc.freeze()  # what is there now stays for good: keep the collector from walking it
            channel.send(Kind.TAKEN, first.number)
            following = asyncio.create_task(_follow(channel, part, metrics, stop))
            stop.watch(following)
            await run_until_stopped((part,), opened, stop)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            channel.send(Kind.REPORT, 0, _report(part, metrics))
    except (StartError, KeyFileError, StoreError) as error:
        channel.send(Kind.FAILED, 0, json.dumps(str(error)).encode())
        return EXIT_REFUSED
    finally:
        await channel.close()
    return EXIT_FAILED if stop.failed else 0


async def _part(
    name: str, opened: Opened, generation: Generation, metrics: Metrics, listeners: list[socket.socket]
) -> Part:
    if name == PORTAL:
        from gateway.runtime.portal import Portal  # noqa: PLC0415  no check worker imports it

        portal = Portal(opened, generation, metrics)
        await portal.listen(listeners[0])
        return portal
    worker = Worker(opened, generation, metrics)
    await worker.listen(listeners)
    return worker


async def _follow(channel: Channel, part: Part, metrics: Metrics, stop: Stop) -> None:
    """Do what the parent says; end when it is gone."""
    while (message := await channel.receive()) is not None:
        match message.kind:
            case Kind.USE:
                part.use(await asyncio.to_thread(pickle.loads, message.body))
                gc.freeze()
                channel.send(Kind.TAKEN, message.number)
            case Kind.ASK:
                channel.send(Kind.REPORT, message.number, _report(part, metrics))
            case Kind.DRAIN:
                stop.wanted.set()
            case Kind.HASTEN:
                stop.hasten()
    if not stop.wanted.is_set():
        log.error("the parent is gone, stopping")
        stop.wanted.set()


def _report(part: Part, metrics: Metrics) -> bytes:
    return json.dumps({"readiness": asdict(part.readiness()), "metrics": metrics.snapshot()}).encode()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
