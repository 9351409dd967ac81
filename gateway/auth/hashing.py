"""Hashing off the loop: argon2id for token secrets, in a small pool with a bounded queue.

A place in the pool is held by the thread that works, not by the request that waits: a client that goes away leaves its
place only when the work is done or was never begun, so cancelling requests cannot pile up hashing.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from gateway.core.token import Secret

T = TypeVar("T")

ARGON2ID = "argon2id"
# A 190-bit secret cannot be guessed at any price; argon2 is here so that the database alone opens nothing (DESIGN 5).
TOKEN_PROFILE = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
MAX_MEMORY_KIB, MAX_TIME, MAX_LANES = 256 * 1024, 16, 8  # a planted hash must not cost more (corpus D12)


class PoolFullError(Exception):
    """The queue is full; the caller answers `unavailable` with Retry-After."""


class HashPool:
    """A few threads and a bounded queue. argon2-cffi releases the GIL while it hashes."""

    def __init__(self, *, threads: int, queue: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit = threads + queue
        self._held = 0

    @property
    def held(self) -> int:
        """How many places are taken, working and waiting."""
        return self._held

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in the pool. PoolFullError at once when every place is taken."""
        if self._held >= self._limit:
            raise PoolFullError("the hashing queue is full")
        loop = asyncio.get_running_loop()
        future = self._executor.submit(work)
        self._held += 1
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._release))
        return await asyncio.wrap_future(future)

    def _release(self) -> None:
        self._held -= 1

    def close(self) -> None:
        """Drop what waits and let the running hashes end."""
        self._executor.shutdown(wait=True, cancel_futures=True)


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
