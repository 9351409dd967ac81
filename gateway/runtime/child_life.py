"""The life of one child of `serve --workers`, from its first configuration to its last report."""

import asyncio
import contextlib
import gc
import json
import pickle
import signal
import socket
from dataclasses import asdict

import structlog

from gateway.auth.keyring import KeyFileError
from gateway.auth.keyring import load as load_keys
from gateway.runtime import logs
from gateway.runtime.census import AskParent
from gateway.runtime.channel import Channel, Kind
from gateway.runtime.essentials import Essentials
from gateway.runtime.life import Stop, run_until_stopped
from gateway.runtime.metrics import Metrics
from gateway.runtime.offspring import PORTAL
from gateway.runtime.opened import Opened, StartError, open_installation
from gateway.runtime.part import Part
from gateway.runtime.worker import Worker
from gateway.store import StoreError

log = structlog.get_logger("gateway")

EXIT_FAILED, EXIT_REFUSED = 1, 2


async def live(name: str, end: socket.socket, listeners: list[socket.socket]) -> int:
    """Be the child of that name until the parent says otherwise. The exit code, as of `serve`."""
    asyncio.get_running_loop().set_exception_handler(logs.unhandled)
    channel = await Channel.over(end)
    first = await channel.receive()
    if first is None:
        return 0
    essentials: Essentials = pickle.loads(first.body)  # noqa: S301  from the parent, over the inherited socket
    logs.set_up(level=essentials.log_level, as_json=essentials.log_as_json, process=name)
    metrics, stop, parent = Metrics(), Stop(), AskParent(channel)
    try:
        async with contextlib.AsyncExitStack() as stack:
            keyring = load_keys(essentials.key_file)
            opened = await open_installation(essentials, keyring, metrics, stack)
            part = await _part(name, opened, essentials, metrics, listeners, parent)
            stop.on_signals(signal.SIGTERM)
            gc.freeze()  # what is there now stays for good: keep the collector from walking it
            channel.send(Kind.TAKEN, first.number)
            following = asyncio.create_task(_follow(channel, part, metrics, stop, parent))
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
    name: str,
    opened: Opened,
    essentials: Essentials,
    metrics: Metrics,
    listeners: list[socket.socket],
    parent: AskParent,
) -> Part:
    if name == PORTAL:
        from gateway.runtime.generation import Generation  # noqa: PLC0415  no check worker imports these
        from gateway.runtime.portal import Portal  # noqa: PLC0415

        if not isinstance(essentials, Generation):
            raise TypeError("the portal gets the whole configuration")
        portal = Portal(opened, essentials, metrics, parent)
        await portal.listen(listeners)
        return portal
    worker = Worker(opened, essentials, metrics)
    await worker.listen(listeners)
    return worker


async def _follow(channel: Channel, part: Part, metrics: Metrics, stop: Stop, parent: AskParent) -> None:
    """Do what the parent says; end when it is gone."""
    while (message := await channel.receive()) is not None:
        match message.kind:
            case Kind.USE:
                part.use(await asyncio.to_thread(pickle.loads, message.body))
                gc.freeze()
                channel.send(Kind.TAKEN, message.number)
            case Kind.ASK:
                channel.send(Kind.REPORT, message.number, _report(part, metrics))
            case Kind.CENSUS:
                parent.heard(message.number, message.json())
            case Kind.DRAIN:
                stop.wanted.set()
            case Kind.HASTEN:
                stop.hasten()
    if not stop.wanted.is_set():
        log.error("the parent is gone, stopping")
        stop.wanted.set()


def _report(part: Part, metrics: Metrics) -> bytes:
    readiness = asdict(part.readiness())  # first: it polls the feed, and the metrics tell how old the lease is
    told = {"readiness": readiness, "metrics": metrics.snapshot(), "routes": metrics.take_routes()}
    return json.dumps(told).encode()
