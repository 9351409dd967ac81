"""Hashing off the loop: argon2id for token secrets, in a small pool with a bounded and fair queue.

A place in the pool is held by the thread that works, not by the request that waits: a client that goes away leaves its
place only when the work is done or was never begun, so cancelling requests cannot pile up hashing.

What waits stands in lanes, one for each client network, and the lanes take turns. When all places are taken, the
longest lane gives up its last one: a network that brings a thousand tokens at once makes only itself wait.

When a pool has been quiet for a while, the memory that hashing took goes back to the system.
"""

import asyncio
import contextlib
import os
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from gateway.auth.memory import give_back
from gateway.core.token import Secret

T = TypeVar("T")

ARGON2ID = "argon2id"
# A 190-bit secret cannot be guessed at any price; argon2 is here so that the database alone opens nothing.
TOKEN_PROFILE = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
HASHING_NICENESS = 10
QUIET_S = 1.0  # memory stays for the next hash for so long: with fresh pages each costs twice as much
MAX_MEMORY_KIB, MAX_TIME, MAX_LANES = 256 * 1024, 16, 8  # a planted hash must not cost more (corpus D12)


class PoolFullError(Exception):
    """The queue is full; the caller answers `unavailable` with Retry-After."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """Work that waits for a thread, and who waits for the work."""

    work: Callable[[], Any]
    done: "asyncio.Future[Any]"


class HashPool:
    """A few threads and a bounded queue. argon2-cffi releases the GIL while it hashes. Loop thread only."""

    def __init__(self, *, threads: int, queue: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name, initializer=_step_back)
        self._threads, self._queue = threads, queue
        self._running = self._waiting = 0
        self._lanes: OrderedDict[Hashable, deque[_Job]] = OrderedDict()  # the next one first; none of them empty
        self._quiet: asyncio.TimerHandle | None = None
        self._last_end_s = 0.0
        self._is_closed = False

    @property
    def held(self) -> int:
        """How many places are taken, working and waiting."""
        return self._running + self._waiting

    async def run(self, work: Callable[[], T], lane: Hashable = None) -> T:
        """Run `work` in the pool, when it is the lane's turn.

        PoolFullError at once when every place is taken, and later, when a shorter lane needs the place.
        """
        job = _Job(work, asyncio.get_running_loop().create_future())
        if self._running < self._threads:
            self._start(job)
        else:
            self._queue_up(job, lane)
        try:
            result: T = await job.done
        except asyncio.CancelledError:
            self._leave(job, lane)
            raise
        return result

    def close(self) -> None:
        """Drop what waits and let the running hashes end."""
        for lane in self._lanes.values():
            for job in lane:
                job.done.cancel()
        self._lanes.clear()
        self._waiting = 0
        self._is_closed = True
        if self._quiet is not None:
            self._quiet.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _queue_up(self, job: _Job, lane: Hashable) -> None:
        if self._waiting >= self._queue:
            longest = max(self._lanes, key=lambda one: len(self._lanes[one]), default=lane)
            if len(self._lanes.get(longest, ())) <= len(self._lanes.get(lane, ())) + 1:
                raise PoolFullError("the hashing queue is full")
            dropped = self._lanes[longest][-1]
            self._leave(dropped, longest)
            if not dropped.done.done():
                _fail(dropped.done, PoolFullError("the hashing queue is full of tokens of this network"))
        self._lanes.setdefault(lane, deque()).append(job)
        self._waiting += 1

    def _leave(self, job: _Job, lane: Hashable) -> None:
        """Give up a place in the queue, if the job has one; whoever is being worked for holds the thread."""
        waiting = self._lanes.get(lane)
        if waiting is not None and job in waiting:
            waiting.remove(job)
            self._waiting -= 1
            if not waiting:
                del self._lanes[lane]

    def _start(self, job: _Job) -> None:
        loop = asyncio.get_running_loop()
        future = self._executor.submit(job.work)
        self._running += 1
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._end, job, done))

    def _end(self, job: _Job, future: "Future[Any]") -> None:
        self._running -= 1
        if not job.done.done():
            error = future.exception()
            if error is None:
                job.done.set_result(future.result())
            else:
                _fail(job.done, error)
        if self._lanes:
            lane, waiting = self._lanes.popitem(last=False)
            following = waiting.popleft()
            if waiting:
                self._lanes[lane] = waiting  # behind all others
            self._waiting -= 1
            self._start(following)
        elif self._running == 0 and not self._is_closed:
            self._rest()

    def _rest(self) -> None:
        """Once the pool has been quiet for `QUIET_S`, give its memory back. Nothing is timed while it never hashes."""
        loop = asyncio.get_running_loop()
        self._last_end_s = loop.time()
        if self._quiet is None:
            self._quiet = loop.call_later(QUIET_S, self._look_whether_quiet)

    def _look_whether_quiet(self) -> None:
        self._quiet = None
        loop = asyncio.get_running_loop()
        if self._running:
            return  # its end begins anew
        left_s = self._last_end_s + QUIET_S - loop.time()
        if left_s > 0:
            self._quiet = loop.call_later(left_s, self._look_whether_quiet)
        else:
            self._executor.submit(give_back)


def _fail(done: "asyncio.Future[Any]", error: BaseException) -> None:
    done.set_exception(error)
    done.exception()  # seen here: whoever waited may have been cancelled at this very moment


def _step_back() -> None:
    """Let this thread hash with what others leave of the processors: checks that need no hash come first."""
    with contextlib.suppress(OSError, AttributeError):  # Linux has priorities of threads; elsewhere it goes without
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + HASHING_NICENESS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a presented secret is the one that a stored hash was made of; `fault` says why a hash was not tried."""

    matches: bool
    fault: str = ""


def hash_token_secret(secret: Secret) -> str:
    """The PHC string of a secret under the token profile; about 4 ms and 8 MiB, off the loop only."""
    return TOKEN_PROFILE.hash(secret.reveal())


def verify_token_secret(scheme: str, stored: str, secret: Secret) -> Verdict:
    """Check a secret against a stored hash; off the loop only. Hashes that cost too much or are broken never match."""
    if scheme != ARGON2ID:
        return Verdict(matches=False, fault=f"unknown scheme {scheme!r}")
    try:
        asked = extract_parameters(stored)
        if asked.memory_cost > MAX_MEMORY_KIB or asked.time_cost > MAX_TIME or asked.parallelism > MAX_LANES:
            return Verdict(matches=False, fault="hash parameters above the ceiling")
        return Verdict(matches=TOKEN_PROFILE.verify(stored, secret.reveal()))
    except VerifyMismatchError:
        return Verdict(matches=False)
    except (InvalidHashError, VerificationError):
        return Verdict(matches=False, fault="the stored hash is broken")
