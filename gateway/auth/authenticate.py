"""Whose token is this? From a presented value to evidence, through caches that revocation can rely on.

    verified? -> state as of the lease -> Proven                                  (no await, no store, no hash)
    else: format + checksum -> one row by id -> keyed tag -> argon2id in the pool -> Proven

After every await the lease is renewed and the state is used only if the feed did not name it meanwhile; otherwise it is
read again. The reason of a refusal is the same work for a known and an unknown id.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from gateway.auth.cache import TOKENS, TokenStates, VerifiedTokens
from gateway.auth.evidence_of import RtAsked
from gateway.auth.hashing import HashPool, PoolFullError
from gateway.auth.keyring import KeyRing
from gateway.auth.lease import Lease, StaleError
from gateway.auth.limits import network
from gateway.auth.matching import HASH_DEADLINE_S, SecretMatcher, TagStore
from gateway.auth.refuted import Refuted
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
FRESH_S = 0.001  # how soon after its commit a token is known to whoever says that there is none
REREADS = 5  # a token that changes under five reads in a row is being changed in a loop

Evidence = Rejected | Proven | NotChecked


class TokenStore(TurnStore, TagStore, Protocol):
    """What authentication asks of the store."""

    async def load_token(self, token_id: str) -> TokenRecord | None:
        """One token with its owner and its secrets, in one round trip."""
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
        self._store = store
        self._lease = lease
        self._states = states
        self._brand = brand
        self._rt = rt
        self._verified = VerifiedTokens(verified)
        self._matcher = SecretMatcher(
            store=store,
            verified=self._verified,
            keyring=keyring,
            pool=pool,
            forget=states.forget,
            fault=fault,
            hash_deadline_s=hash_deadline_s,
        )
        self._turns = Turns(store)
        self._turns_taken = 0
        self.hits = 0
        self.misses = 0

    async def close(self) -> None:
        """Wait for the few tasks that outlive a check."""
        await self._matcher.close()
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
            proven = self.recall(presented, basic_user)
            refuted = self._refuted_by_memory(presented) if proven is None else None
        except StaleError:
            return None
        return proven if refuted is None else refuted.evidence()

    def refusal(self, presented: bytes) -> Refuted | None:
        """Why a value is no token of ours, where memory alone can tell; None where it cannot."""
        try:
            self._lease.renew()
            return self._refuted_by_memory(presented)
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

    def _refuted_by_memory(self, presented: bytes) -> Refuted | None:
        """Why a value is refused that no hash has to be asked about."""
        parsed = parse(presented, brand=self._brand)
        if parsed is None:
            return Refuted(Reason.MALFORMED_TOKEN, None, self._brand)
        is_missing = self._is_missing(parsed.id)
        record = None if is_missing else self._states.get(parsed.id)
        if record is None and not (is_missing or self._states.is_unknown(parsed.id)):
            return None
        if record is None or record.token.kind is not parsed.kind:
            self._matcher.spend_as_much(parsed)
            self.misses += 1
            return Refuted(Reason.UNKNOWN_TOKEN, parsed, self._brand)
        if not self._matcher.is_refuted_by_tags(parsed, record):
            return None
        self.misses += 1
        return Refuted(Reason.WRONG_SECRET, parsed, self._brand)

    async def _prove(self, presented: bytes, parsed: Parsed, basic_user: bytes | None, lane: bytes) -> Evidence:
        name = handle(self._brand, parsed.kind, parsed.id)
        digest = self._verified.digest(presented)
        for _ in range(REREADS):
            position = self._lease.position
            record = await self._state(parsed.id)
            if record is None or record.token.kind is not parsed.kind:
                self._matcher.spend_as_much(parsed)
                if self._still(position, parsed.id, None):
                    return Rejected(reason=Reason.UNKNOWN_TOKEN, handle=name)
                continue
            secret = await self._matcher.matching(digest, parsed, record, lane)
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
        return self._states.is_unknown(token_id) or self._is_missing(token_id)

    def _is_missing(self, token_id: str) -> bool:
        """Whether the index says so, which knows every id that there is; StaleError as above."""
        index, position = self._states.index, self._lease.position
        if index is None or not index.lacks(token_id):
            return False
        self._lease.renew(FRESH_S)
        return self._lease.position == position or index.lacks(token_id)


def rt_secret(record: TokenRecord, stored_hash: str) -> StoredSecret | None:
    """The secret of the record that came from Request Tracker with this hash; None when a rotation has displaced it."""
    for secret in record.secrets:
        if secret.scheme == RT_BCRYPT and secret.hash == stored_hash:
            return secret
    return None
