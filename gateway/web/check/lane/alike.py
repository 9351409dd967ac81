"""Heads that differ in nothing but the client's URI: what stays the same of them is read once.

A head is cut into what stands before the URI, the URI, and what stands behind it. When the two outer parts are the
very bytes of a head that llhttp took, and the URI is one run of printable ASCII, llhttp would read the same headers
again, but for that one value: its rules for a value know no difference between those bytes. So only the digest of the
outer parts is looked up, keyed and salted as that of whole heads. The path, the route and everything that an Allow
stands on are looked at anew.
"""

import re
from hashlib import blake2b
from typing import Final, NamedTuple

from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru
from gateway.web.check.dialect import Dialect
from gateway.web.check.lane.heads import Head
from gateway.web.check.service import CheckService
from gateway.web.check.standing import Asker, Known

ENTRIES: Final = 12_000
MOST_ROUTES: Final = 32  # of one asker
MOST_URI: Final = 8_192
_MARKS: Final = (b"\r\nX-Forwarded-Uri: ", b"\r\nX-Original-URI: ")  # as the shipped configs have proxies spell it
_URI = re.compile(rb"/[\x21-\x7e]*")


class Cut(NamedTuple):
    """A head without its URI, as a digest; the URI, the name of its header in lower case, and where it stood."""

    digest: bytes
    uri: bytes
    name: bytes
    start: int


class Alike(NamedTuple):
    """What all heads with the same outer parts say."""

    asker: Asker
    keeps_alive: bool
    is_http_10: bool


class AlikeHeads:
    """Digest of the outer parts -> what they say. One per process, on the loop thread."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.kept: Lru[bytes, Alike] = Lru(entries)
        self.given = 0  # answers given by it

    def offer(self, cut: Cut, known: Known, dialect: Dialect, head: Head, service: CheckService) -> None:
        """Keep what can be told from this head about those that are like it."""
        if known.standing is None or known.question is None or not isinstance(head.headers, SingleHeaders):
            return
        alike = self.kept.peek(cut.digest)
        if alike is None or alike.asker.settings is not service.settings:
            asker = service.asker(dialect, head.headers, cut.name)
            if asker is None:
                return
            alike = Alike(asker, head.keeps_alive, head.is_http_10)
            self.kept.put(cut.digest, alike)
        standings = alike.asker.standings
        if len(standings) >= MOST_ROUTES:
            standings.clear()
        standings[known.question[2:4]] = known.standing


def cut(head: bytes, hasher: "blake2b") -> Cut | None:
    """Cut the head at its URI; None where there is none, or one that is not plain. `hasher` is used up."""
    for mark in _MARKS:
        start = head.find(mark) + len(mark)
        if start < len(mark):
            continue
        end = head.find(b"\r\n", start)
        uri = head[start:end]
        if len(uri) > MOST_URI or _URI.fullmatch(uri) is None:
            return None
        hasher.update(head[:start] + b"\0" + head[end:])  # no head has a NUL: the place of the cut is told, too
        return Cut(hasher.digest(), uri, mark[2:-2].lower(), start)
    return None
