"""Which secret of a token does a presented value match? Remembered, else the keyed tag, else argon2id in the pool.

One argon2 for any number of checks that present the same value at the same time, and few at a time of what no tag of
ours stands before. The answer is a fact about a value and a row; whether the row still counts is asked elsewhere.
"""

import asyncio
import hmac
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Protocol

from gateway.auth.cache import VerifiedTokens
from gateway.auth.flights import Flights
from gateway.auth.hashing import HashPool, PoolFullError, Verdict, verify_token_secret
from gateway.auth.keyring import KeyRing
from gateway.core.owner import StoredSecret, TokenRecord
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.token import Parsed
from gateway.store import StoreError

HASH_DEADLINE_S = 0.9  # with a turn of 1 s behind it, still below every shipped proxy timeout (2 s)
GUESSES_AT_ONCE = 2


class TagStore(Protocol):
    """Where the keyed tags are."""

    async def retag(self, secret_row: int, old_key_id: str, old_tag: bytes, key_id: str, tag: bytes) -> bool:
        """Replace the keyed tag of a secret, if it is still the old one."""
        ...


class SecretMatcher:
    """One per process, on the loop thread."""

    def __init__(
        self,
        *,
        store: TagStore,
        verified: VerifiedTokens,
        keyring: KeyRing,
        pool: HashPool,
        forget: Callable[[str], None],
        fault: Callable[[str], None],
        hash_deadline_s: float = HASH_DEADLINE_S,
    ) -> None:
        """`forget` has a token read again, by its id. `fault` is told what the operator should know."""
        self._store = store
        self._verified = verified
        self._keyring = keyring
        self._pool = pool
        self._forget = forget
        self._fault = fault
        self._hash_deadline_s = hash_deadline_s
        self._flights = Flights[Verdict]()
        self._background: set[asyncio.Task[None]] = set()
        self._guesses: Counter[int] = Counter()
        self._retagging: set[int] = set()

    async def close(self) -> None:
        """Wait for the few tasks that outlive a check."""
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._flights.close()

    async def matching(self, digest: bytes, parsed: Parsed, record: TokenRecord, lane: bytes) -> StoredSecret | None:
        """The secret row that the presented secret was hashed into; None when there is none. PoolFullError.

        `digest`: of the presented value, as `verified` has it. `lane`: of the pool, for the client.
        """
        fact = self._verified.again(digest)
        known = None if fact is None else fact.secret_in(record)
        if known is not None:
            return known
        presented = parsed.secret.reveal()
        for secret in record.secrets:
            if secret.scheme == RT_BCRYPT:
                continue  # it has no spelling of ours
            key = self._keyring.get(secret.key_id)
            if key is not None and not hmac.compare_digest(key.tag(presented), secret.tag):
                continue
            if self._verified.is_refuted(digest, secret):
                continue
            verdict = await self._verify(digest, secret, parsed, lane, is_guess=key is None)
            if verdict.fault:
                self._fault(f"token {record.token.id}, secret {secret.row}: {verdict.fault}")
            if verdict.matches:
                if key is None:
                    self._begin_retag(secret, presented)
                return secret
            self._verified.refute(digest, secret)
        return None

    def is_refuted_by_tags(self, parsed: Parsed, record: TokenRecord) -> bool:
        """Whether the tags alone say that the value is no secret of this record."""
        presented = parsed.secret.reveal()
        for stored in record.secrets:
            key = self._keyring.get(stored.key_id)
            if stored.scheme != RT_BCRYPT and (key is None or hmac.compare_digest(key.tag(presented), stored.tag)):
                return False
        return True

    def spend_as_much(self, parsed: Parsed) -> None:
        """As much work for an id that there is not as for one that there is."""
        self._keyring.current.tag(parsed.secret.reveal())

    async def _verify(
        self, digest: bytes, secret: StoredSecret, parsed: Parsed, lane: bytes, *, is_guess: bool
    ) -> Verdict:
        """argon2, once for any number of checks that present the same value at the same time.

        `is_guess`: no tag of ours stands before it, so that whoever knows the handle gets here. Few of one token at a
        time, then: they must not fill the pool, which every cold check needs.
        """
        key = digest + secret.row.to_bytes(8, "big") + secret.hash.encode()
        ended: Callable[[], None] = _nothing
        if is_guess and key not in self._flights:
            if self._guesses[secret.row] >= GUESSES_AT_ONCE:
                raise PoolFullError("the token is being tried with other secrets")
            self._guesses[secret.row] += 1
            ended = partial(self._guessed, secret.row)
        work = partial(verify_token_secret, secret.scheme, secret.hash, parsed.secret)
        try:
            async with asyncio.timeout(self._hash_deadline_s):
                return await self._flights.share(key, work, partial(self._pool.run, lane=lane), ended)
        except TimeoutError:
            raise PoolFullError("hashing takes too long") from None

    def _guessed(self, row: int) -> None:
        self._guesses[row] -= 1
        if not self._guesses[row]:
            del self._guesses[row]

    def _begin_retag(self, secret: StoredSecret, presented: str) -> None:
        if secret.row not in self._retagging:
            self._retagging.add(secret.row)
            task = asyncio.create_task(self._retag(secret, presented))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            task.add_done_callback(lambda _: self._retagging.discard(secret.row))

    async def _retag(self, secret: StoredSecret, presented: str) -> None:
        """Give a secret a tag under the current key, so that its next wrong guess costs no argon2."""
        key = self._keyring.current
        try:
            await self._store.retag(secret.row, secret.key_id, secret.tag, key.id, key.tag(presented))
            self._forget(secret.token_id)
        except StoreError as error:
            self._fault(f"secret {secret.row} keeps its old tag: {error}")


def _nothing() -> None:
    """Nobody counts it."""
