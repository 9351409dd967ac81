"""One child process as its parent knows it: started, given its configuration, asked, ended.

Imports next to nothing: children are started first, and import what they need while the parent does.
"""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.runtime.channel import Channel, Kind, Message, hand_over

PORTAL = "portal"
EXIT_S = 5.0  # from the end of the channel to that of the process


@dataclass(frozen=True, slots=True)
class Package:
    """One generation of the configuration, as a child gets it."""

    number: int
    body: bytes


class Offspring:
    """A child by name; one process after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.restarts = 0
        self.generation = 0  # that it uses; 0 while it does not answer yet
        self.words = ""  # why it could not start
        self.report: dict[str, Any] = {}
        self.heard_at = 0.0
        self.began_at: datetime | None = None
        self.routes: Counter[str] = Counter()  # checks by route, of all processes of this name
        self.wonders: asyncio.Queue[int] = asyncio.Queue()  # questions of its own, by number
        self.news = asyncio.Event()  # set whenever something above has changed
        self._process: subprocess.Popen[bytes] | None = None
        self._end: socket.socket | None = None
        self._channel: Channel | None = None
        self._questions: dict[int, asyncio.Future[None]] = {}
        self._asked = 0
        self._draining = False

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        return None if self._process is None else self._process.pid

    def spawn(self) -> None:
        """Start a process: a fresh interpreter, so that nothing of the parent's is in it but one socket."""
        ours, its = socket.socketpair()
        command = [sys.executable, "-P", "-m", "gateway.runtime.child", self.name, str(its.fileno())]
        with its:
            self._process = subprocess.Popen(command, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603
        self._end = ours
        self.began_at = datetime.now(UTC)

    async def live(self, listeners: Sequence[socket.socket], package: Callable[[], Package]) -> int:
        """See the process through its life; its exit code. `package` is asked for the newest one."""
        if self._process is None or self._end is None:
            self.spawn()
        process, end = self._process, self._end
        if process is None or end is None:
            raise RuntimeError("spawn leaves both")
        self.words, self.generation, self.heard_at = "", 0, time.monotonic()
        try:
            with contextlib.suppress(OSError):  # it has ended already: what follows says so
                hand_over(end, listeners)
            end.setblocking(False)
            channel = await Channel.over(end)
            newest = package()
            channel.send(Kind.USE, newest.number, newest.body)
            if self._draining:
                channel.send(Kind.DRAIN)
            self._channel = channel
            while (message := await channel.receive()) is not None:
                self._heard(message)
            return await self._ended(process)
        finally:
            if self._channel is not None:
                await self._channel.close()
            self._channel = self._end = self._process = None
            self.generation = 0
            self.news.set()

    def give(self, package: Package) -> None:
        """Have the process use this configuration; `generation` tells when it does."""
        if self._channel is not None:
            self._channel.send(Kind.USE, package.number, package.body)

    def tell(self, number: int, body: bytes) -> None:
        """Answer a question of its own."""
        if self._channel is not None:
            self._channel.send(Kind.CENSUS, number, body)

    def keep_routes(self, names: Collection[str]) -> None:
        """Forget the counts of routes that are no more."""
        for name in [name for name in self.routes if name not in names]:
            del self.routes[name]

    def drain(self) -> None:
        """Have it end; one that only just begins, too."""
        self._draining = True
        if self._channel is not None:
            self._channel.send(Kind.DRAIN)

    def hasten(self) -> None:
        """Have it end without waiting for requests in flight."""
        if self._channel is not None:
            self._channel.send(Kind.HASTEN)

    async def ask(self, limit_s: float) -> bool:
        """Bring `report` up to date. False when it does not answer in that time."""
        if self._channel is None or not self.generation:
            return False
        self._asked += 1
        number = self._asked
        answer = self._questions[number] = asyncio.get_running_loop().create_future()
        self._channel.send(Kind.ASK, number)
        try:
            async with asyncio.timeout(limit_s):
                await answer
        except TimeoutError:
            return False
        finally:
            del self._questions[number]
        return True

    def kill(self) -> None:
        """End the process at once, also a stopped one."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)

    def abandon(self) -> None:
        """Kill and reap a process that never got anything to do."""
        if self._process is not None:
            self.kill()
            self._process.wait()
        if self._end is not None:
            self._end.close()

    def _heard(self, message: Message) -> None:
        self.heard_at = time.monotonic()
        match message.kind:
            case Kind.TAKEN:
                self.generation = message.number
            case Kind.FAILED:
                self.words = str(message.json())
            case Kind.REPORT:
                self.report = message.json()
                self.routes.update(self.report.pop("routes"))
                answer = self._questions.get(message.number)
                if answer is not None and not answer.done():
                    answer.set_result(None)
            case Kind.WONDER:
                self.wonders.put_nowait(message.number)
            case _:
                return
        self.news.set()

    @staticmethod
    async def _ended(process: subprocess.Popen[bytes]) -> int:
        until = time.monotonic() + EXIT_S
        while process.poll() is None:
            if time.monotonic() > until:
                process.kill()
            await asyncio.sleep(0.01)
        return process.returncode


def spawn_all(workers: int) -> list[Offspring]:
    """Start so many check workers, and the portal. They wait for what they get, and end when this process does."""
    children = [*(Offspring(f"worker-{number}") for number in range(1, workers + 1)), Offspring(PORTAL)]
    for child in children:
        child.spawn()
    return children
