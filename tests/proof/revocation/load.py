"""The loader's process, as the proof holds it."""

import asyncio
import contextlib
import socket
import subprocess
import sys
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from tests.proof.revocation.connection import Seen
from tests.proof.revocation.wire import Target

ROOT = Path(__file__).parents[3]
ANSWER_S = 60.0


class Load:
    """Start it, give it targets, take what it saw."""

    def __init__(self, port: int) -> None:
        ours, its = socket.socketpair()
        with its:
            command = [sys.executable, "-m", "tests.proof.revocation.loader", str(its.fileno()), str(port)]
            self._process = subprocess.Popen(command, pass_fds=[its.fileno()], cwd=ROOT)
        self._pipe = Pipe(ours.detach())

    def ask_for(self, targets: dict[int, Target], seed: int) -> None:
        """Ask for these from now on."""
        self._pipe.send(("targets", targets, seed))

    def gone(self, keys: list[int]) -> None:
        """These were taken away, just now."""
        self._pipe.send(("gone", keys))

    async def deal(self, busy: int, reserved: int) -> None:
        """Open so many connections, to whichever worker runs."""
        self._pipe.send(("deal", busy, reserved))
        await self._answer()

    async def take(self) -> tuple[list[Seen], int, int]:
        """All checks since the last time, how many connections were reset, and how many checks nobody answered."""
        self._pipe.send(("take",))
        seen, resets, unanswered = await self._answer()
        return seen, resets, unanswered

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):
            self._pipe.send(("stop",))
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._pipe.close()

    async def _answer(self) -> Any:
        if not await asyncio.to_thread(self._pipe.poll, ANSWER_S):
            raise TimeoutError("the loader does not answer")
        return self._pipe.recv()
