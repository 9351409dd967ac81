"""What may be remembered of tokens, in bounded memory.

Two facts are kept apart. *This presented value matches that secret row with that hash* is argon2's answer, true for
ever; it is keyed by a digest under a per-process random key, never by the token. *This is the state of token, owner
and groups* is true as of the lease and goes when the feed names it. A decision is never kept. Loop thread only:
cachetools is not thread-safe.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

from cachetools import LRUCache

from gateway.core.owner import Owner, StoredSecret, TokenRecord
from gateway.store import FeedRow

VERIFIED_SIZE = 50_000  # about 20 MB when full
STATE_SIZE = 50_000
UNKNOWN_SIZE = 20_000
REFUTED_SIZE = 10_000


class Fact(NamedTuple):
    """argon2's answer: the presented value is the secret that this row's hash was made of."""

    token_id: str
    row: int
    hash: str

    def secret_in(self, record: TokenRecord) -> StoredSecret | None:
        """The secret of the record that this fact is about; None when the record has it no longer."""
        for secret in record.secrets:
            if secret.row == self.row and secret.hash == self.hash:
                return secret
        return None


class VerifiedTokens:
    """Digest of a presented token -> `Fact`."""

    def __init__(self, size: int = VERIFIED_SIZE, refuted: int = REFUTED_SIZE) -> None:
        self._key = secrets.token_bytes(32)
        self._facts: LRUCache[bytes, Fact] = LRUCache(size)
        self._refuted: LRUCache[tuple[bytes, int, str], None] = LRUCache(refuted)

    def digest(self, presented: bytes) -> bytes:
        """The key of a presented value; of no use outside this process."""
        return blake2b(presented, key=self._key, digest_size=16).digest()

    def get(self, digest: bytes) -> Fact | None:
        """The fact, None when it was never proven or has been displaced."""
        return self._facts.get(digest)

    def put(self, digest: bytes, secret: StoredSecret) -> None:
        """Remember that the value behind `digest` matched `secret`."""
        self._facts[digest] = Fact(secret.token_id, secret.row, secret.hash)

    def is_refuted(self, digest: bytes, secret: StoredSecret) -> bool:
        """Whether argon2 said that the value behind `digest` is not this secret, with this hash."""
        return (digest, secret.row, secret.hash) in self._refuted

    def refute(self, digest: bytes, secret: StoredSecret) -> None:
        """Remember that it is not; as true for ever as that another one is."""
        self._refuted[digest, secret.row, secret.hash] = None

    def __len__(self) -> int:
        return len(self._facts)


class TokenStates:
    """Token id -> what the store said of it, owners apart, and the ids that it said it does not know."""

    def __init__(self, size: int = STATE_SIZE, unknown: int = UNKNOWN_SIZE) -> None:
        self._tokens: LRUCache[str, TokenRecord] = LRUCache(size)  # the owner in it may be an older one
        self._owners: LRUCache[str, Owner] = LRUCache(size)
        self._unknown: LRUCache[str, None] = LRUCache(unknown)

    def get(self, token_id: str) -> TokenRecord | None:
        """The record as of the lease; None when it has to be read."""
        known = self._tokens.get(token_id)
        if known is None:
            return None
        owner = self._owners.get(known.token.owner_id)
        if owner is None or owner is known.owner:
            return None if owner is None else known
        return replace(known, owner=owner)

    def is_unknown(self, token_id: str) -> bool:
        """Whether the store said that there is no such token."""
        return token_id in self._unknown

    def put(self, token_id: str, record: TokenRecord | None) -> None:
        """Keep what the store said; None for an id that it does not know."""
        if record is None:
            self._unknown[token_id] = None
            return
        self._tokens[token_id] = record
        self._owners[record.owner.id] = record.owner

    def forget(self, token_id: str) -> None:
        """Have the token read again."""
        self._tokens.pop(token_id, None)
        self._unknown.pop(token_id, None)

    def apply(self, rows: Sequence[FeedRow] | None) -> None:
        """Forget what the rows name; everything for None and for subject `all`."""
        if rows is None or any(row.subject == "all" for row in rows):
            self._tokens.clear()
            self._owners.clear()
            self._unknown.clear()
            return
        for row in rows:
            if row.subject == "owner":
                self._owners.pop(row.id, None)
            else:
                self.forget(row.id)

    def __len__(self) -> int:
        return len(self._tokens)
