"""A process of its own that asks checks over many connections, and notes of each when it was sent and what came back.

It knows nothing of what ought to come: that is judged by who gives it its targets. Nothing else runs in it, so that
the moment noted as that of the first byte is that moment. Run as `python -m tests.proof.revocation.loader FD PORT`.
"""

import random
import selectors
import sys
import time
from multiprocessing.connection import Connection as Pipe
from typing import Final

from tests.proof.revocation.connection import Connection, Seen
from tests.proof.revocation.wire import SAME, WAYS, Target

PAUSE_S: Final = 0.004  # at most, between two checks of a busy connection
FRESH_S: Final = 0.15  # for so long, what was just taken away is asked for more than everything else
LONGEST_S: Final = 20.0  # that a check may take


class Loader:
    """Asks until it is told to stop."""

    def __init__(self, pipe: Pipe, port: int) -> None:
        self._pipe, self._port = pipe, port
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe.fileno(), selectors.EVENT_READ, None)
        self._connections: list[Connection] = []
        self._orphans: set[Connection] = set()  # made anew, in the place of those whose worker was killed
        self._targets: dict[int, Target] = {}
        self._keys: list[int] = []
        self._fresh: list[int] = []
        self._fresh_until = 0.0
        self._number = 0
        self._resets = 0
        self._seen: list[Seen] = []
        self._is_paused = True
        self._random = random.Random(1)  # what is asked when; what is done to the tokens is not drawn here

    def run(self) -> None:
        """Until `stop`."""
        while True:
            now = time.monotonic()
            wake = self._speak(now)
            for key, _ in self._selector.select(max(0.0, wake - time.monotonic())):
                if key.data is None:
                    words = self._pipe.recv()
                    if words[0] == "stop":
                        return
                    getattr(self, f"_on_{words[0]}")(*words[1:])
                else:
                    self._hear(key.data)

    def _on_targets(self, targets: dict[int, Target], seed: int) -> None:
        self._targets, self._keys, self._fresh = targets, list(targets), []
        self._random.seed(seed)
        self._is_paused = False

    def _on_gone(self, keys: list[int]) -> None:
        """These have just been taken away: every quiet connection asks for them now."""
        now = time.monotonic()
        self._fresh = keys if now > self._fresh_until else [*self._fresh, *keys]
        self._fresh_until = now + FRESH_S
        for connection in self._connections:
            if connection.is_reserved:
                connection.waiting.extend((key, self._targets[key], self._way()) for key in keys)

    def _on_deal(self, busy: int, reserved: int) -> None:
        """More connections, each answered once: they belong to whichever worker is not stopped now."""
        for orphan in tuple(self._orphans):
            self._drop(orphan)
        made = [self._open(is_reserved=number >= busy) for number in range(busy + reserved)]
        for connection in made:
            connection.ask(-1, Target("GET", "/public/x", "none"), SAME, 0)
        while any(connection.is_asking for connection in made):
            ready = self._selector.select(LONGEST_S)
            if not ready:
                raise TimeoutError("no worker answers")
            for key, _ in ready:
                if key.data is not None:
                    self._hear(key.data)
        self._pipe.send(len(self._connections))

    def _on_take(self) -> None:
        """Ask only what is still waiting, wait for what is on its way, and hand out what was seen."""
        self._is_paused = True
        end = time.monotonic() + LONGEST_S
        while (left := self._left()) and time.monotonic() < end:
            for connection in left:
                if not connection.is_asking:
                    self._ask(connection, *connection.waiting.popleft())
            for key, _ in self._selector.select(0.1):
                if key.data is not None:
                    self._hear(key.data)
        self._pipe.send((self._seen, self._resets, len(self._left())))
        self._seen, self._resets = [], 0

    def _left(self) -> list[Connection]:
        return [one for one in self._connections if one.is_asking or one.waiting]

    def _speak(self, now: float) -> float:
        """Send what is due; when the next one is."""
        wake = now + 0.5
        if self._is_paused:
            return wake
        for connection in tuple(self._connections):
            if connection.is_asking:
                continue
            if connection.waiting:
                self._ask(connection, *connection.waiting.popleft())
            elif connection.is_reserved:
                continue
            elif connection.speaks_at <= now:
                key = self._choose(now)
                self._ask(connection, key, self._targets[key], self._way())
            else:
                wake = min(wake, connection.speaks_at)
        return wake

    def _choose(self, now: float) -> int:
        if self._fresh and now < self._fresh_until and self._random.random() < 0.5:
            return self._random.choice(self._fresh)
        return self._random.choice(self._keys)

    def _way(self) -> str:
        return SAME if self._random.random() < 0.5 else self._random.choice(WAYS)

    def _ask(self, connection: Connection, key: int, target: Target, way: str) -> None:
        self._number += 1
        try:
            connection.ask(key, target, way, self._number)
        except OSError:
            self._replace(connection)

    def _hear(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        try:
            seen = connection.read()
        except BlockingIOError:  # it was heard meanwhile
            return
        except OSError:
            self._replace(connection)
            return
        if seen is None:
            return
        if seen.key >= 0:
            self._seen.append(seen)
        connection.speaks_at = seen.answered + self._random.random() * PAUSE_S

    def _replace(self, connection: Connection) -> None:
        """Its worker has gone: another connection, to whoever takes it, asks once more."""
        self._resets += 1
        self._drop(connection)
        another = self._open(is_reserved=connection.is_reserved)
        another.waiting.extend(connection.left())
        self._orphans.add(another)

    def _open(self, *, is_reserved: bool) -> Connection:
        made = Connection(self._port, is_reserved=is_reserved)
        self._connections.append(made)
        self._selector.register(made.socket, selectors.EVENT_READ, made)
        return made

    def _drop(self, connection: Connection) -> None:
        self._selector.unregister(connection.socket)
        self._connections.remove(connection)
        self._orphans.discard(connection)
        connection.close()


if __name__ == "__main__":
    Loader(Pipe(int(sys.argv[1])), int(sys.argv[2])).run()
