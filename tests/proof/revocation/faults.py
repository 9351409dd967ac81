"""What else goes wrong while rights are taken away: a worker stopped or killed, the write lock held by others."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

NONE, STOP, KILL, LOCK = "nothing", "a worker stopped", "a worker killed", "the write lock held"
HELD_S: Final = 1.0
GOES_ON_S: Final = 0.1  # at the latest, after the last call returned: until then checks wait in its sockets
LONGEST_STOP_S: Final = 3.0
# Which fault a round has is said by its seed, so that each fifty in a row have the same many of each.
_BY_SEED: Final = {17: KILL, 4: LOCK, 37: LOCK}
_HOLD = """
import fcntl, os, sys, time
held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(held, fcntl.LOCK_EX)
print("taken", flush=True)
time.sleep(float(sys.argv[2]))
"""


def fault_of(seed: int) -> str:
    """The fault of the round with this seed."""
    place = seed % 50
    return _BY_SEED.get(place, STOP if place % 5 < 2 else NONE)


def workers_under(parent: int) -> dict[str, int]:
    """The check workers of that parent, by name."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                words = stat.with_name("cmdline").read_text().split("\0")
                name = words[words.index("gateway.runtime.child") + 1]
                if name.startswith("worker-"):
                    found[name] = int(stat.parent.name)
    return found


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process while the body runs; one that is gone by then goes on no more."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def during(fault: str, draw: random.Random, workers: dict[str, int], database: Path) -> AsyncIterator[None]:
    """Let it happen while the body runs. A stopped worker goes on some time after the body."""
    pid = draw.choice(sorted(workers.values()))
    before_s, after_s = draw.random() * 0.05, draw.random() * GOES_ON_S
    if fault == STOP:
        # Who is stopped may hold the lock for writing, and calls wait for that: it goes on before they give up.
        going_on = asyncio.get_running_loop().call_later(LONGEST_STOP_S, os.kill, pid, signal.SIGCONT)
        try:
            with stopped(pid):
                await asyncio.sleep(before_s)
                yield
                await asyncio.sleep(after_s)
        finally:
            going_on.cancel()
    elif fault == KILL:
        loop = asyncio.get_running_loop()
        killing = loop.call_later(before_s * 3, os.kill, pid, signal.SIGKILL)
        try:
            yield
            await asyncio.sleep(max(0.0, killing.when() - loop.time()) + 0.001)
        finally:
            killing.cancel()
    elif fault == LOCK:
        lock = database.with_name(database.name + ".lock")
        command = [sys.executable, "-I", "-S", "-c", _HOLD, str(lock), str(HELD_S)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:  # noqa: ASYNC220  a moment
            assert holder.stdout is not None
            await asyncio.to_thread(holder.stdout.readline)
            yield
            await asyncio.to_thread(holder.wait)
    else:
        yield


async def replaced(parent: int, old: dict[str, int], limit_s: float = 30.0) -> dict[str, int]:
    """The workers, once as many run as before one was killed, another process in its place."""
    end = time.monotonic() + limit_s
    while len(now := workers_under(parent)) < len(old) or now == old:
        if time.monotonic() > end:
            raise TimeoutError("no worker took the place of the one that was killed")
        await asyncio.sleep(0.02)
    return now
