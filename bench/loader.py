"""The load: prepared heads over keep-alive connections, one unanswered on each, as proxies do it.

Two ways. `Closed` asks as fast as answers come and says what that cost the server; `open_loop` asks at a constant rate
whatever the answers do, and counts a latency from when the request was due, so that a stall shows in every request
that it held up (no coordinated omission).
"""

import gc
import heapq
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.accounts import cpu_s
from bench.figures import Sample

CONNECTIONS = 32
PATIENCE_S = 10
BUSY, TRIES, PAUSE_S = (
    b"HTTP/1.1 503 ",
    100,
    0.1,
)  # of a gateway that is asked for more hashes than the machine has time for
_END, _LENGTH = b"\r\n\r\n", b"content-length:"


class UnexpectedAnswerError(Exception):
    """The server answered something else than the row is about, or not at all."""


def connect(port: int) -> socket.socket:
    """A connection on loopback that waits a bounded time, without a poll before each read."""
    made = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
    made.settimeout(None)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, PATIENCE_S.to_bytes(8, "little") + bytes(8))
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def is_whole(answer: bytes) -> bool:
    """Whether the bytes are one answer, its body included."""
    head, found, body = answer.partition(_END)
    if not found:
        return False
    _, found, rest = head.lower().partition(_LENGTH)
    return not found or len(body) >= int(rest.partition(b"\r\n")[0])


class Closed:
    """A few connections to one port, each asked again as soon as it has answered."""

    def __init__(self, port: int, connections: int = CONNECTIONS) -> None:
        self._connections = [connect(port) for _ in range(connections)]

    def ask(
        self,
        heads: Iterator[bytes],
        statuses: Sequence[int],
        *,
        times: int,
        seconds: float = 1e9,
        is_patient: bool = False,
    ) -> int:
        """Ask at most that often and that long; how many were answered. Every answer must have one of the statuses.

        `is_patient`: a 503 is asked again a little later, and is no answer.
        """
        wanted = tuple(b"HTTP/1.1 %d " % status for status in statuses)
        waiting: deque[tuple[socket.socket, bytes]] = deque()
        until, asked = time.monotonic() + seconds, 0
        for connection in self._connections[:times]:
            waiting.append((connection, _sent(connection, next(heads))))
            asked += 1
        while asked < times and time.monotonic() < until:
            connection, head = waiting.popleft()
            _expect(_answer(connection, head, is_patient=is_patient), wanted)
            waiting.append((connection, _sent(connection, next(heads))))
            asked += 1
        for connection, head in waiting:
            _expect(_answer(connection, head, is_patient=is_patient), wanted)
        return asked

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            connection.close()


def _sent(connection: socket.socket, head: bytes) -> bytes:
    connection.sendall(head)
    return head


def _answer(connection: socket.socket, head: bytes, *, is_patient: bool) -> bytes:
    answer = _read(connection)
    for _ in range(TRIES if is_patient else 0):
        if not answer.startswith(BUSY):
            break
        time.sleep(PAUSE_S)
        connection.sendall(head)
        answer = _read(connection)
    return answer


def _read(connection: socket.socket) -> bytes:
    answer = connection.recv(65536)
    while not is_whole(answer):
        more = connection.recv(65536)
        if not more:
            raise UnexpectedAnswerError(f"the server closed the connection after {answer[:80]!r}")
        answer += more
    return answer


def _expect(answer: bytes, wanted: tuple[bytes, ...]) -> None:
    if not answer.startswith(wanted):
        raise UnexpectedAnswerError(f"expected {wanted}, got {answer[:200]!r}")


def measure(
    load: Closed,
    heads: Iterator[bytes],
    *,
    statuses: Sequence[int],
    pids: Sequence[int],
    times: int,
    seconds: float,
    is_patient: bool = False,
) -> Sample:
    """One round: what the processes' CPU time was for one answer."""
    with _undisturbed():
        began, cpu = time.monotonic(), cpu_s(pids)
        answered = load.ask(heads, statuses, times=times, seconds=seconds, is_patient=is_patient)
        spent, took = cpu_s(pids) - cpu, time.monotonic() - began
    return Sample(cpu_us=spent / answered * 1e6, busy=spent / took)


@dataclass(slots=True, kw_only=True)
class Stream:
    """Requests at a constant rate over connections of their own; `latencies_s` fills up."""

    port: int
    rate_per_s: int
    heads: Iterator[bytes]
    statuses: Sequence[int]
    connections: int = CONNECTIONS
    latencies_s: list[float] = field(default_factory=list)


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    stream: Stream
    idle: deque["_Connection"]
    late: deque[float]  # when the requests were due that found no idle connection
    wanted: tuple[bytes, ...]
    due: float = 0.0
    got: bytes = b""

    def send(self, due: float) -> None:
        self.due, self.got = due, b""
        self.socket.sendall(next(self.stream.heads))

    def receive(self) -> bool:
        """Read what is there; whether that was the rest of the answer."""
        more = self.socket.recv(65536)
        self.got += more
        if not more:
            raise UnexpectedAnswerError(f"the server closed the connection after {self.got[:80]!r}")
        if not is_whole(self.got):
            return False
        self.stream.latencies_s.append(time.monotonic() - self.due)
        _expect(self.got, self.wanted)
        if self.late:
            self.send(self.late.popleft())
        else:
            self.idle.append(self)
        return True


def open_loop(streams: Sequence[Stream], seconds: float) -> None:
    """Ask at the streams' rates for that long. Spins between requests: the loader's core does nothing else."""
    poll = select.epoll()
    by_number: dict[int, _Connection] = {}
    timetable: list[tuple[float, int, int]] = []  # due when, of which stream, the how manieth
    queues: list[tuple[deque[_Connection], deque[float]]] = []
    begin = time.monotonic() + 0.01
    for number, stream in enumerate(streams):
        idle: deque[_Connection] = deque()
        late: deque[float] = deque()
        wanted = tuple(b"HTTP/1.1 %d " % status for status in stream.statuses)
        for _ in range(stream.connections):
            made = _Connection(connect(stream.port), stream, idle, late, wanted)
            by_number[made.socket.fileno()] = made
            poll.register(made.socket, select.EPOLLIN)
            idle.append(made)
        queues.append((idle, late))
        heapq.heappush(timetable, (begin, number, 0))
    unanswered, patient_until = 0, begin + seconds + PATIENCE_S
    try:
        with _undisturbed():
            while timetable or unanswered:
                now = time.monotonic()
                if now > patient_until:
                    raise UnexpectedAnswerError(f"{unanswered} requests were not answered in {PATIENCE_S} s")
                while timetable and timetable[0][0] <= now:
                    due, number, count = timetable[0]
                    idle, late = queues[number]
                    if idle:
                        idle.popleft().send(due)
                    else:
                        late.append(due)
                    unanswered += 1
                    rate = streams[number].rate_per_s
                    if count + 1 < rate * seconds:
                        heapq.heapreplace(timetable, (begin + (count + 1) / rate, number, count + 1))
                    else:
                        heapq.heappop(timetable)
                for readable, _ in poll.poll(0):
                    unanswered -= by_number[readable].receive()
    finally:
        poll.close()
        for connection in by_number.values():
            connection.socket.close()


@contextmanager
def _undisturbed() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
