"""What the parent of several processes and each of its children say to each other, over a socket pair.

The parent's messages hold compiled configurations as pickles. A child believes them because the socket was inherited:
nobody else has its other end. What children say is JSON, and numbers; the parent unpickles nothing. What it tells the
portal of all of them is JSON, too.
"""

import asyncio
import contextlib
import json
import os
import socket
import struct
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple

_HEAD = struct.Struct(">BQI")
MAX_BODY = 256 * 1024 * 1024
MAX_FDS = 64  # listeners of one kind


class Kind(IntEnum):
    """What a message is about; `number` is that of a generation, or of a question."""

    USE = 1  # to the child: take over this configuration
    DRAIN = 2  # to the child: end
    HASTEN = 3  # to the child: end now
    ASK = 4  # to the child: report
    TAKEN = 5  # from the child: the configuration is in use
    REPORT = 6  # from the child: metrics and readiness
    FAILED = 7  # from the child: it cannot start, and why
    WONDER = 8  # from the portal: what of all the processes?
    CENSUS = 9  # to the portal: this


class Message(NamedTuple):
    """One message."""

    kind: Kind
    number: int
    body: bytes

    def json(self) -> Any:
        """The body of a message that is no configuration."""
        return json.loads(self.body)


class Channel:
    """One end. For one reader."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        """Take over a connected socket."""
        return cls(*await asyncio.open_unix_connection(sock=end))

    def send(self, kind: Kind, number: int = 0, body: bytes = b"") -> None:
        """Send without waiting: what the other end does not read yet is kept."""
        if not self._writer.is_closing():
            self._writer.writelines((_HEAD.pack(kind, number, len(body)), body))

    async def receive(self) -> Message | None:
        """The next message; None when the other end is gone."""
        try:
            kind, number, length = _HEAD.unpack(await self._reader.readexactly(_HEAD.size))
            if length > MAX_BODY:
                return None
            return Message(Kind(kind), number, await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, OSError):
            return None

    async def close(self) -> None:
        """Send what is left, if the other end takes it, and close."""
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()


def hand_over(end: socket.socket, listeners: Sequence[socket.socket]) -> None:
    """Give a child its listening sockets, before anything else is sent."""
    socket.send_fds(end, [b"L"], [one.fileno() for one in listeners])


def receive_listeners(end: socket.socket) -> list[socket.socket]:
    """Wait for the listening sockets. None come when the parent has ended, or did not start."""
    data, numbers, _, _ = socket.recv_fds(end, 1, MAX_FDS)
    listeners = [socket.socket(fileno=number) for number in numbers]
    for one in listeners:
        os.set_inheritable(one.fileno(), False)
        one.setblocking(False)
    return listeners if data else []
