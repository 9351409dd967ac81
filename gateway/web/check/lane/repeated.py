"""Answers that may be given again to the very same head, in bounded memory.

A head is known by a keyed digest of all its bytes, under a random key of this process, salted by the listener it came
in at; neither the head nor the token is kept. What is kept is the reply as it was written, and what has to hold for it
(`Standing`), which the service asks about at each repetition. A first sight leaves a mark only: most heads never come
again, and should displace none that do.
"""

import secrets
from hashlib import blake2b
from typing import Final, NamedTuple

from gateway.core.lru import Lru, Recent
from gateway.web.check.standing import Standing
from gateway.web.check.wire import Reply

ENTRIES: Final = 10_000
LARGEST: Final = 4_096  # bytes of a reply that is kept; so 40 MB at the very most, 6 MB with ordinary identities
MARKS: Final = 1 << 14


class Repeated(NamedTuple):
    """A reply, and what has to hold for it."""

    reply: Reply
    standing: Standing


class RepeatedHeads:
    """Digest of a head -> reply. One per process, on the loop thread."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._key = secrets.token_bytes(32)
        self.kept: Lru[bytes, Repeated] = Recent(entries)
        self.given = 0  # answers given again
        self._marks: list[bytes] = [b""] * MARKS

    def hasher(self, listener: object) -> "blake2b":
        """A hasher for heads that come in at this listener; to be copied for each."""
        salt = blake2b(repr(listener).encode(), digest_size=16).digest()
        return blake2b(key=self._key, salt=salt, digest_size=16)

    def offer(self, digest: bytes, reply: Reply, standing: Standing) -> None:
        """Keep the reply, if this head was seen before."""
        place = int.from_bytes(digest[:2], "big") % MARKS
        if self._marks[place] != digest:
            self._marks[place] = digest
        elif len(reply.before) + len(reply.after) <= LARGEST:
            self.kept.put(digest, Repeated(reply, standing))
