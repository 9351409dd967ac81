"""What may be remembered of tokens, in bounded memory.

Two facts are kept apart. *This presented value matches that secret row with that hash* is argon2's answer, true for
ever; it is keyed by a digest under a per-process random key, never by the token. *This is the state of token, owner
and groups* is true as of the lease and goes when the feed names it. A decision is never kept. Loop thread only.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import NamedTuple

from gateway.auth.token_index import TokenIndex
from gateway.core.lru import Lru
from gateway.core.owner import Owner, StoredSecret, TokenRecord
from gateway.store import FeedRow

TOKENS = 50_000
UNKNOWN_SIZE = 20_000  # of these two nobody needs more: what finds no room costs a read, or a hash that waits its turn
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

    def __init__(self, size: int = TOKENS, refuted: int = REFUTED_SIZE) -> None:
        self._key = secrets.token_bytes(32)
        self.facts: Lru[bytes, Fact] = Lru(size)
        self.refuted: Lru[tuple[bytes, int, str], bool] = Lru(refuted)

    def digest(self, presented: bytes) -> bytes:
        """The key of a presented value; of no use outside this process."""
        return blake2b(presented, key=self._key, digest_size=16).digest()

    def get(self, digest: bytes) -> Fact | None:
        """The fact, None when it was never proven or has been displaced."""
        return self.facts.get(digest)

    def again(self, digest: bytes) -> Fact | None:
        """As `get`, for a check that has asked already: one check is one hit or one miss."""
        return self.facts.peek(digest)

    def put(self, digest: bytes, secret: StoredSecret) -> None:
        """Remember that the value behind `digest` matched `secret`."""
        self.facts.put(digest, Fact(secret.token_id, secret.row, secret.hash))

    def is_refuted(self, digest: bytes, secret: StoredSecret) -> bool:
        """Whether argon2 said that the value behind `digest` is not this secret, with this hash."""
        return self.refuted.get((digest, secret.row, secret.hash)) is not None

    def refute(self, digest: bytes, secret: StoredSecret) -> None:
        """Remember that it is not; as true for ever as that another one is."""
        self.refuted.put((digest, secret.row, secret.hash), True)

    def __len__(self) -> int:
        return len(self.facts)


class TokenStates:
    """Token id -> what the store said of it, owners apart, and the ids that it said it does not know."""

    def __init__(self, size: int = TOKENS, unknown: int = UNKNOWN_SIZE, *, index: TokenIndex | None = None) -> None:
        """`index` follows the feed with this."""
        self.index = index
        self.tokens: Lru[str, TokenRecord] = Lru(size)  # the owner in it may be an older one
        self.owners: Lru[str, Owner] = Lru(size)
        self.unknown: Lru[str, bool] = Lru(unknown)

    def get(self, token_id: str) -> TokenRecord | None:
        """The record as of the lease; None when it has to be read."""
        known = self.tokens.get(token_id)
        if known is None:
            return None
        owner = self.owners.get(known.token.owner_id)
        if owner is None or owner is known.owner:
            return None if owner is None else known
        found = replace(known, owner=owner)
        self.tokens.put(token_id, found)  # once for this owner's change, and not at every check
        return found

    def is_unknown(self, token_id: str) -> bool:
        """Whether the store said that there is no such token."""
        return self.unknown.get(token_id) is not None

    def put(self, token_id: str, record: TokenRecord | None) -> None:
        """Keep what the store said; None for an id that it does not know."""
        if record is None:
            self.unknown.put(token_id, True)
            return
        known = self.owners.peek(record.owner.id)
        if known == record.owner:
            record = replace(record, owner=known)  # one object for all tokens of an owner
        self.tokens.put(token_id, record)
        self.owners.put(record.owner.id, record.owner)

    def forget(self, token_id: str) -> None:
        """Have the token read again."""
        self.tokens.pop(token_id)
        self.unknown.pop(token_id)

    def apply(self, rows: Sequence[FeedRow] | None) -> None:
        """Forget what the rows name; everything for None and for subject `all`."""
        if self.index is not None:
            self.index.apply(rows)
        if rows is None or any(row.subject == "all" for row in rows):
            self.tokens.clear()
            self.owners.clear()
            self.unknown.clear()
            return
        for row in rows:
            if row.subject == "owner":
                self.owners.pop(row.id)
            else:
                self.forget(row.id)

    def __len__(self) -> int:
        return len(self.tokens)
