"""Whose token is this? From a presented value to evidence, through caches that revocation can rely on.

    verified? -> state as of the lease -> Proven                                  (no await, no store, no hash)
    else: format + checksum -> one row by id -> keyed tag -> argon2id in the pool -> Proven

After every await the lease is renewed and the state is used only if the feed did not name it meanwhile; otherwise it is
read again. The reason of a refusal is the same work for a known and an unknown id.
"""

import asyncio
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from gateway.auth.cache import TOKENS, TokenStates, VerifiedTokens
from gateway.auth.evidence_of import RtAsked
from gateway.auth.flights import Flights
from gateway.auth.hashing import HashPool, PoolFullError, Verdict, verify_token_secret
from gateway.auth.keyring import KeyRing
from gateway.auth.lease import Lease, StaleError
from gateway.auth.limits import network
from gateway.auth.rt.tokens import RtTokens
from gateway.auth.turns import Turn, Turns, TurnStore
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.lru import Lru
from gateway.core.network import Address
from gateway.core.owner import StoredSecret, TokenRecord
from gateway.core.reason import Reason
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.token import Parsed, handle, parse
from gateway.store import RtTokenRow, StoreError

STORE_DEADLINE_S = 0.5  # shipped configs of nginx, Traefik and Caddy wait 2 s for an answer
HASH_DEADLINE_S = 0.9  # with a turn of 1 s behind it, still below every shipped proxy timeout (2 s)
GUESSES_AT_ONCE = 2
FRESH_S = 0.001  # how soon after its commit a token is known to whoever says that there is none
REREADS = 5  # a token that changes under five reads in a row is being changed in a loop

Evidence = Rejected | Proven | NotChecked


class TokenStore(TurnStore, Protocol):
    """What authentication asks of the store."""

    async def load_token(self, token_id: str) -> TokenRecord | None:
        """One token with its owner and its secrets, in one round trip."""
        ...

    async def retag(self, secret_row: int, old_key_id: str, old_tag: bytes, key_id: str, tag: bytes) -> bool:
        """Replace the keyed tag of a secret, if it is still the old one."""
        ...


class Authenticator:
    """One per process, on the loop thread."""

    def __init__(
        self,
        *,
        store: TokenStore,
        lease: Lease,
        states: TokenStates,
        keyring: KeyRing,
        pool: HashPool,
        brand: str,
        fault: Callable[[str], None],
        rt: RtTokens | None = None,
        store_deadline_s: float = STORE_DEADLINE_S,
        hash_deadline_s: float = HASH_DEADLINE_S,
        verified: int = TOKENS,
    ) -> None:
        """`fault` is told what the operator should know (never a secret). `verified`: values remembered as proven."""
        self._store_deadline_s = store_deadline_s
        self._hash_deadline_s = hash_deadline_s
        self._store = store
        self._lease = lease
        self._states = states
        self._keyring = keyring
        self._pool = pool
        self._brand = brand
        self._fault = fault
        self._rt = rt
        self._verified = VerifiedTokens(verified)
        self._flights = Flights[Verdict]()
        self._background: set[asyncio.Task[None]] = set()
        self._guesses: Counter[int] = Counter()
        self._retagging: set[int] = set()
        self._turns = Turns(store)
        self._turns_taken = 0
        self.hits = 0
        self.misses = 0

    async def close(self) -> None:
        """Wait for the few tasks that outlive a check."""
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._flights.close()
        await self._turns.close()
        if self._states.index is not None:
            await self._states.index.close()
        if self._rt is not None:
            await self._rt.close()

    def caches(self) -> dict[str, Lru[Any, Any]]:
        """Everything that is remembered of tokens, by the name that the metrics have for it."""
        found: dict[str, Lru[Any, Any]] = {
            "verified": self._verified.facts,
            "refuted": self._verified.refuted,
            "tokens": self._states.tokens,
            "owners": self._states.owners,
            "unknown": self._states.unknown,
        }
        if self._rt is not None:
            found["rt"] = self._rt.found
        return found

    def recall(self, presented: bytes, basic_user: bytes | None) -> Proven | None:
        """Evidence from memory alone, without an await; None when there is more to do. Renew the lease before."""
        fact = self._verified.get(self._verified.digest(presented))
        record = None if fact is None else self._states.get(fact.token_id)
        if fact is None or record is None:
            return None
        secret = fact.secret_in(record)
        if secret is None:
            return None
        self.hits += 1
        return Proven.of(record, secret, basic_user)

    def digest(self, presented: bytes) -> bytes:
        """What a presented value may be known by; of no use outside this process."""
        return self._verified.digest(presented)

    def remembered(self, presented: bytes, basic_user: bytes | None = None) -> Proven | Rejected | None:
        """What `authenticate` would say, where it takes neither the store nor a hash; None where it does."""
        try:
            self._lease.renew()
            return self.recall(presented, basic_user) or self._refused_by_memory(presented)
        except StaleError:
            return None

    def refusal(self, presented: bytes) -> Rejected | None:
        """The refusal of a value that is no token of ours, where memory alone can tell; None where it cannot."""
        try:
            self._lease.renew()
            return self._refused_by_memory(presented)
        except StaleError:
            return None

    @property
    def epoch(self) -> int:
        """Moves with every row of the feed that is applied, and with every turn that is taken here."""
        return self._lease.position + self._turns_taken

    def still_holds(self, epoch: int) -> bool:
        """Whether what followed from memory in that epoch follows from it now. Renews the lease."""
        try:
            self._lease.renew()
        except StaleError:
            return False
        return self._lease.position + self._turns_taken == epoch

    async def authenticate(
        self,
        presented: bytes,
        basic_user: bytes | None = None,
        *,
        rt: RtAsked | None = None,
        address: Address | None = None,
    ) -> Evidence:
        """Evidence about a presented value. Never raises for anything that a client or the store can do.

        `address`: of the client, whose network waits for hashes in a lane of its own.
        """
        try:
            self._lease.renew()
            if rt is not None:
                return await self._prove_rt(presented, rt, basic_user)
            proven = self.recall(presented, basic_user)
            if proven is not None:
                return proven
            parsed = parse(presented, brand=self._brand)
            if parsed is None:
                return Rejected(reason=Reason.MALFORMED_TOKEN)
            self.misses += 1
            return await self._prove(presented, parsed, basic_user, network(address))
        except (StaleError, StoreError, TimeoutError) as error:
            return NotChecked(reason=Reason.UNAVAILABLE, detail=f"the store cannot be read: {error}".rstrip(": "))
        except PoolFullError as error:
            return NotChecked(reason=Reason.UNAVAILABLE, detail=str(error))

    async def settle(self, turn: Turn, *, address: str, write_uses: Callable[[], Awaitable[None]]) -> NotChecked | None:
        """Have the store take a turn that a decision waits for; None: ask and decide again, it is taken or was moot."""
        try:
            await self._turns.take(turn, address=address, write_uses=write_uses)
        except (StoreError, TimeoutError) as error:
            detail = f"the store cannot be written: {error}".rstrip(": ")
            return NotChecked(reason=Reason.UNAVAILABLE, detail=detail, handle=turn.handle(self._brand))
        self._states.forget(turn.token_id)
        self._turns_taken += 1
        return None

    def _refused_by_memory(self, presented: bytes) -> Rejected | None:
        """The refusal of a value that no hash has to be asked about."""
        parsed = parse(presented, brand=self._brand)
        if parsed is None:
            return Rejected(reason=Reason.MALFORMED_TOKEN)
        name = handle(self._brand, parsed.kind, parsed.id)
        record, secret = self._states.get(parsed.id), parsed.secret.reveal()
        if record is None and not self._is_unknown(parsed.id):
            return None
        if record is None or record.token.kind is not parsed.kind:
            self._keyring.current.tag(secret)  # as much work as for a known id
            self.misses += 1
            return Rejected(reason=Reason.UNKNOWN_TOKEN, handle=name)
        for stored in record.secrets:
            key = self._keyring.get(stored.key_id)
            if stored.scheme != RT_BCRYPT and (key is None or hmac.compare_digest(key.tag(secret), stored.tag)):
                return None
        self.misses += 1
        return Rejected(reason=Reason.WRONG_SECRET, handle=name)

    async def _prove(self, presented: bytes, parsed: Parsed, basic_user: bytes | None, lane: bytes) -> Evidence:
        name = handle(self._brand, parsed.kind, parsed.id)
        digest = self._verified.digest(presented)
        for _ in range(REREADS):
            position = self._lease.position
            record = await self._state(parsed.id)
            if record is None or record.token.kind is not parsed.kind:
                self._keyring.current.tag(parsed.secret.reveal())  # as much work as for a known id
                if self._still(position, parsed.id, None):
                    return Rejected(reason=Reason.UNKNOWN_TOKEN, handle=name)
                continue
            secret = await self._matching(digest, parsed, record, lane)
            if not self._still(position, parsed.id, record):
                continue
            if secret is None:
                return Rejected(reason=Reason.WRONG_SECRET, handle=name)
            self._verified.put(digest, secret)
            return Proven.of(record, secret, basic_user)
        return NotChecked(reason=Reason.UNAVAILABLE, detail="the token kept changing while it was read", handle=name)

    async def _prove_rt(self, presented: bytes, asked: RtAsked, basic_user: bytes | None) -> Evidence:
        """As `_prove`, for a token of Request Tracker; which one it is, is all that is remembered apart."""
        if self._rt is None:
            return Rejected(reason=Reason.MALFORMED_TOKEN)
        found = await self._rt.find(presented, asked)
        if not isinstance(found, RtTokenRow):
            return found
        for _ in range(REREADS):
            position = self._lease.position
            record = await self._state(found.token_id)
            if not self._still(position, found.token_id, record):
                continue
            secret = None if record is None else rt_secret(record, found.hash)
            if record is None or secret is None:
                return Rejected(reason=Reason.WRONG_SECRET)
            return Proven.of(record, secret, basic_user)
        return NotChecked(reason=Reason.UNAVAILABLE, detail="the token kept changing while it was read")

    def _still(self, position: int, token_id: str, record: TokenRecord | None) -> bool:
        """Whether what was read after `position` is still true now."""
        self._lease.renew()
        subjects = [("token", token_id)]
        if record is not None:
            subjects.append(("owner", record.owner.id))
        return not self._lease.touched_since(position, *subjects)

    async def _state(self, token_id: str) -> TokenRecord | None:
        record = self._states.get(token_id)
        if record is not None or self._is_unknown(token_id):
            return record
        position = self._lease.position
        async with asyncio.timeout(self._store_deadline_s):
            record = await self._store.load_token(token_id)
        if self._still(position, token_id, record):
            self._states.put(token_id, record)
        return record

    def _is_unknown(self, token_id: str) -> bool:
        """Whether there is no such token, by memory alone; StaleError when the feed cannot be read."""
        if self._states.is_unknown(token_id):
            return True
        index = self._states.index
        if index is None or not index.lacks(token_id):
            return False
        self._lease.renew(FRESH_S)
        return index.lacks(token_id)

    async def _matching(self, digest: bytes, parsed: Parsed, record: TokenRecord, lane: bytes) -> StoredSecret | None:
        """The secret row that the presented secret was hashed into; None when there is none."""
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
            self._states.forget(secret.token_id)
        except StoreError as error:
            self._fault(f"secret {secret.row} keeps its old tag: {error}")


def _nothing() -> None:
    """Nobody counts it."""


def rt_secret(record: TokenRecord, stored_hash: str) -> StoredSecret | None:
    """The secret of the record that came from Request Tracker with this hash; None when a rotation has displaced it."""
    for secret in record.secrets:
        if secret.scheme == RT_BCRYPT and secret.hash == stored_hash:
            return secret
    return None
