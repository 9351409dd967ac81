"""Heads that differ in nothing but the client's URI: what stays the same of them is read once.

A head is cut into what stands before the URI, the URI, and what stands behind it. When the two outer parts are the
very bytes of a head that llhttp took, and the URI is one run of printable ASCII, llhttp would read the same headers
again, but for that one value: its rules for a value know no difference between those bytes. So only the digest of the
outer parts is looked up, keyed and salted as that of whole heads. The path, the route and everything that an Allow
stands on are looked at anew.
"""

from hashlib import blake2b
from typing import Final

from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru, Recent
from gateway.core.target import plain_path
from gateway.web.check.askers import Askers
from gateway.web.check.dialect import Dialect
from gateway.web.check.lane.heads import Head
from gateway.web.check.standing import Asker, Known

ENTRIES: Final = 12_000
MOST_URI: Final = 8_192
# As the shipped configs have proxies spell it.
_MARKS: Final = (
    (b"\r\nX-Forwarded-Uri: ", b"x-forwarded-uri"),
    (b"\r\nX-Original-URI: ", b"x-original-uri"),
)


# Where a head is cut: the URI and its path, the name of its header in lower case, its place. It is made for every head,
# and a tuple with names takes ten times as long (0.25 us, measured 2026-11-22).
Cut = tuple[bytes, bytes, bytes, int]


class AlikeHeads:
    """Digest of the outer parts -> what all heads with the same say. One per process, on the loop thread."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.kept: Lru[bytes, Asker] = Recent(entries)
        self.given = 0  # answers given by it

    def offer(self, digest: bytes, cut: Cut, known: Known, dialect: Dialect, head: Head, askers: Askers) -> None:
        """Keep what can be told from this head about those that are like it. `digest`: of its outer parts."""
        if known.standing is None or known.question is None or not isinstance(head.headers, SingleHeaders):
            return
        asker = self.kept.peek(digest)
        if asker is None or not askers.is_current(asker):
            asker = askers.asker(dialect, head.headers, cut[2], head)
            if asker is None:
                return
            self.kept.put(digest, asker)
        asker.keep(known.question[2:4], known.standing)


def cut(head: bytes) -> Cut | None:
    """Cut the head at its URI; None where there is none, or one that is not plain."""
    for mark, name in _MARKS:
        start = head.find(mark) + len(mark)
        if start < len(mark):
            continue
        end = head.find(b"\r\n", start)
        uri = head[start:end]
        path = plain_path(uri) if len(uri) <= MOST_URI else None
        return None if path is None else (uri, path, name, start)
    return None


def digest_around(head: bytes, cut: Cut, hasher: "blake2b") -> bytes:
    """A digest of the head's outer parts. `hasher` is used up."""
    uri, _, _, start = cut
    # No head has a NUL: the place of the cut is told, too.
    hasher.update(head[:start] + b"\0" + head[start + len(uri) :])
    return hasher.digest()
