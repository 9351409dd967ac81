"""Which token is it that RT's user presents? By a keyed digest when it was used here before, else by bcrypt, once.

    digest known -> the row                                            (one read, no hash)
    else: failures of network and user -> the user's open rows -> bcrypt in a pool of its own -> the digest is kept

Of one client network one value at a time gets as far as bcrypt: nobody fills the pool's queue before others.

Whoever presents a wrong value learns nothing from the time it takes: for every user of RT, known or not, as many rounds
of bcrypt are spent as for the user who has the most open tokens. What is found says nothing of the token's state.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Sequence
from hashlib import blake2b
from typing import Protocol

from gateway.auth.evidence_of import RtAsked
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import KeyRing
from gateway.auth.rt import bcrypt_hash
from gateway.auth.rt.failures import Failures, Place
from gateway.core.evidence import NotChecked, Rejected
from gateway.core.lru import Lru
from gateway.core.reason import Reason
from gateway.core.rt_token import parse_rt_hash
from gateway.core.token import Secret
from gateway.store import RtTokenRow, StoreError

FOUND_SIZE = 10_000
STORE_DEADLINE_S = 0.15
HASH_DEADLINE_S = 1.5  # eight tokens at cost 12 take 2 s: the work goes on, and the next try finds the digest
HEAVIEST_FOR_S = 1.0  # an import while serving makes unknown users quicker to refuse for no longer than this

Found = RtTokenRow | Rejected | NotChecked


class RtStore(Protocol):
    """What is asked of the store."""

    async def rt_token(self, digests: Collection[bytes]) -> RtTokenRow | None:
        """The token that one of the digests was made of."""
        ...

    async def open_rt_tokens(self, user_id: int, key_ids: Collection[str]) -> tuple[RtTokenRow, ...]:
        """The user's tokens that cannot be found by a digest of these keys."""
        ...

    async def heaviest_rt_user(self, key_ids: Collection[str]) -> int:
        """The rounds it takes to try all such tokens of the user for whom that takes the most."""
        ...

    async def keep_rt_digest(self, known: RtTokenRow, key_id: str, digest: bytes) -> bool:
        """Let the token be found by this digest from now on."""
        ...


class RtTokens:
    """One per process, on the loop thread."""

    def __init__(
        self,
        *,
        store: RtStore,
        keyring: KeyRing,
        pool: HashPool,
        failures: Failures | None,
        clock: Callable[[], float],
        fault: Callable[[str], None],
        size: int = FOUND_SIZE,
    ) -> None:
        """`failures` None: the operator's own command, whose tries nobody has to limit. `clock`: never goes back.

        `size`: values that are found without the store.
        """
        self._store = store
        self._keyring = keyring
        self._pool = pool
        self._failures = failures
        self._clock = clock
        self._fault = fault
        self._key = secrets.token_bytes(32)
        self.found: Lru[bytes, RtTokenRow] = Lru(size)
        self._flights: dict[bytes, asyncio.Task[Found]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._heaviest, self._heaviest_until = 0, float("-inf")
        self.hashed = 0

    async def close(self) -> None:
        """Give up the searches that outlive their checks: several may wait for the one thread, a second each."""
        for flight in self._flights.values():
            flight.cancel()
        await asyncio.gather(*self._background, *self._flights.values(), return_exceptions=True)

    async def find(self, presented: bytes, asked: RtAsked) -> Found:
        """The row of the token that was presented, for ever true. StoreError, TimeoutError, PoolFullError."""
        name = blake2b(presented, key=self._key, digest_size=16).digest()
        known = self.found.get(name)
        if known is not None:
            return known
        current = self._keyring.current
        digests = [key.rt_digest(presented) for key in self._keyring.keys]
        async with asyncio.timeout(STORE_DEADLINE_S):
            known = await self._store.rt_token(digests)
        if known is not None:
            if known.key_id != current.id:
                task = asyncio.create_task(self._keep(known, presented))
                self._background.add(task)
                task.add_done_callback(self._background.discard)
            self.found.put(name, known)
            return known
        flight = self._flights.get(name)
        if flight is None:
            place: Place | None = None
            if self._failures is not None:
                if self._failures.is_busy(asked.address):
                    return NotChecked(reason=Reason.UNAVAILABLE, detail="another token of the network is being hashed")
                place = self._failures.take(asked.address, asked.token.user_id)
                if place is None:
                    return NotChecked(reason=Reason.LIMITED, detail="too many wrong tokens of Request Tracker")
            flight = self._flights[name] = asyncio.create_task(self._search(presented, asked))
            flight.add_done_callback(lambda done: self._landed(name, place, done))
        async with asyncio.timeout(HASH_DEADLINE_S):
            found = await asyncio.shield(flight)
        if isinstance(found, RtTokenRow):
            self.found.put(name, found)
        return found

    async def _search(self, presented: bytes, asked: RtAsked) -> Found:
        """bcrypt, once for any number of checks that present the same value at the same time."""
        key_ids = [key.id for key in self._keyring.keys]
        async with asyncio.timeout(STORE_DEADLINE_S):
            rows = await self._store.open_rt_tokens(asked.token.user_id, key_ids)
            rounds = await self._rounds(key_ids)
        if rounds and not bcrypt_hash.is_installed():
            return NotChecked(reason=Reason.UNAVAILABLE, detail="the package bcrypt is not installed")
        found = await self._pool.run(lambda: _try(rows, asked.token.secret, rounds))
        self.hashed += 1
        if found is None:
            return Rejected(reason=Reason.WRONG_SECRET if rows else Reason.UNKNOWN_TOKEN)
        await self._keep(found, presented)
        return found

    async def _keep(self, known: RtTokenRow, presented: bytes) -> None:
        """Without it the token is hashed again the next time, which is a nuisance and no more."""
        key = self._keyring.current
        try:
            await self._store.keep_rt_digest(known, key.id, key.rt_digest(presented))
        except StoreError as error:
            self._fault(f"token {known.token_id} of Request Tracker will be hashed again: {error}")

    async def _rounds(self, key_ids: Sequence[str]) -> int:
        now = self._clock()
        if now >= self._heaviest_until:
            self._heaviest = await self._store.heaviest_rt_user(key_ids)
            self._heaviest_until = now + HEAVIEST_FOR_S
        return self._heaviest

    def _landed(self, name: bytes, place: Place | None, flight: asyncio.Task[Found]) -> None:
        del self._flights[name]
        # The error is seen here too: every check that waited for it may have gone away.
        is_judged = not flight.cancelled() and flight.exception() is None
        if self._failures is not None and place is not None:
            self._failures.end(place, is_failure=is_judged and isinstance(flight.result(), Rejected))


def _try(rows: Sequence[RtTokenRow], secret: Secret, rounds: int) -> RtTokenRow | None:
    """In the pool. A wrong secret costs `rounds`, however many rows there are; a right one may cost less."""
    spent = 0
    for row in rows:
        stored = parse_rt_hash(row.hash)
        if stored is None:
            continue
        if bcrypt_hash.matches(stored, secret):
            return row
        spent += bcrypt_hash.work(stored.cost)
    bcrypt_hash.burn(max(0, rounds - spent), secret)
    return None
