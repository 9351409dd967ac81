"""One keep-alive connection of the loader: non-blocking, with one check on its way at the most."""

import contextlib
import socket
import time
from collections import deque
from typing import NamedTuple

from tests.proof.revocation.wire import Answered, Target, read_answer


class Seen(NamedTuple):
    """One check: when its first byte was sent, and when its answer was there; both by the monotonic clock."""

    key: int
    way: str
    sent: float
    answered: float
    status: int
    reason: str


class Connection:
    """`is_reserved`: it speaks only when it is told to, so that it is quiet whenever something is taken away."""

    def __init__(self, port: int, *, is_reserved: bool) -> None:
        self.is_reserved = is_reserved
        self.waiting: deque[tuple[int, Target, str]] = deque()  # what it is to ask next
        self.speaks_at = 0.0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10.0)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._asked: tuple[int, Target, str, float] | None = None
        self._got = b""

    @property
    def is_asking(self) -> bool:
        """Whether an answer is to come."""
        return self._asked is not None

    def left(self) -> list[tuple[int, Target, str]]:
        """What was asked and not answered, and what it was to ask then."""
        return [*(() if self._asked is None else (self._asked[:3],)), *self.waiting]

    def ask(self, key: int, target: Target, way: str, number: int) -> None:
        """Send a check. OSError when the connection has gone."""
        head = target.head(way, number)
        sent = time.monotonic()  # before its first byte
        self._asked = (key, target, way, sent)
        if self.socket.send(head) != len(head):
            raise OSError("the socket takes no more")

    def read(self) -> Seen | None:
        """The check whose answer is whole now. OSError when the connection has gone."""
        got = self.socket.recv(65_536)
        if not got or self._asked is None:
            raise ConnectionResetError
        self._got += got
        answer: Answered | None = read_answer(self._got)
        if answer is None:
            return None
        if answer.size != len(self._got):
            raise ValueError("more came than one answer")
        (key, _, way, sent), self._asked, self._got = self._asked, None, b""
        return Seen(key, way, sent, time.monotonic(), answer.status, answer.reason)

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.socket.close()
