"""The socket over which `token-gateway reload` asks the running gateway, and hears what came of it.

It has a name and no file (an abstract unix socket, unix(7)): nothing to place, to own or to leave behind, and the
command finds it by the configuration's path alone, also when that configuration has errors. Such a name has no
permissions, so each end asks the system who the other one is (SO_PEERCRED): the gateway answers its own user and root;
the command believes its own user, root, and the owner of the configuration.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import structlog

from gateway.runtime.reload import Outcome

log = structlog.get_logger("gateway")

RELOAD = b"reload\n"
ASK_S = 2.0  # that a client has to say what it wants
ANSWER_S = 120.0  # that the command waits: 10,000 routes take seconds to read, and the workers to take over
MAX_CLIENTS = 8
_CREDENTIALS = struct.Struct("3i")


class NobodyServes(Exception):  # noqa: N818  a fact, not a fault
    """There is no gateway that serves this configuration, or none that is to be believed."""


def address_of(config: Path) -> bytes:
    """The name for a configuration, by its absolute path. Links are not followed: their targets are swapped."""
    digest = hashlib.sha256(os.fsencode(os.path.abspath(config))).hexdigest()  # noqa: PTH100  as written
    return b"\0token-gateway/control/" + digest[:32].encode()


class Control:
    """The gateway's end."""

    def __init__(self, config: Path, reload: Callable[[], Awaitable[Outcome]]) -> None:
        self._config = config
        self._reload = reload
        self._clients: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        """Listen. Where another gateway has the name, the log says so, and signals still work."""
        opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            opened.bind(address_of(self._config))
        except OSError as error:
            opened.close()
            log.warning(
                "`token-gateway reload` will not reach this gateway; SIGHUP does",
                config=str(self._config),
                detail=error.strerror,
            )
            return
        opened.setblocking(False)
        self._server = await asyncio.start_unix_server(self._serve, sock=opened, backlog=MAX_CLIENTS, limit=64)

    async def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._clients) >= MAX_CLIENTS or not _is_ours(writer.get_extra_info("socket")):
            writer.close()
            return
        self._clients.add(task)
        try:
            async with asyncio.timeout(ASK_S):
                asked = await reader.readline()
            if asked == RELOAD:
                writer.write(json.dumps((await self._reload()).document(), default=str).encode() + b"\n")
                async with asyncio.timeout(ASK_S):
                    await writer.drain()
        except (TimeoutError, OSError, ValueError):
            pass  # whoever asks like that gets no answer
        finally:
            self._clients.discard(task)
            writer.close()


def ask_to_reload(config: Path) -> dict[str, Any]:
    """Have the gateway that serves this configuration read it again; its answer. NobodyServes. Blocks."""
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as asking:
        asking.settimeout(ANSWER_S)
        try:
            asking.connect(address_of(config))
        except OSError:
            raise NobodyServes(f"no gateway is running with {config}") from None
        uid = _uid(asking)
        if uid not in {0, os.geteuid(), *_owners(config)}:
            raise NobodyServes(f"who answers for {config} is user {uid}, who does not own it")
        asking.sendall(RELOAD)
        with asking.makefile("rb") as answer:
            try:
                line = answer.readline()
            except TimeoutError:
                raise NobodyServes(f"the gateway did not answer within {ANSWER_S:g} s; its log says more") from None
    if not line:
        raise NobodyServes(f"the gateway of {config} is of another user, or is ending")
    found: dict[str, Any] = json.loads(line)
    return found


def _is_ours(connection: socket.socket) -> bool:
    return _uid(connection) in {0, os.geteuid()}


def _uid(connection: socket.socket) -> int:
    """Who is at the other end; for who listens, as of the moment it began to."""
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    uid: int = _CREDENTIALS.unpack(found)[1]
    return uid


def _owners(config: Path) -> set[int]:
    with contextlib.suppress(OSError):
        return {config.stat().st_uid}
    return set()
