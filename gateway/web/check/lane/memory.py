"""What a connection answers without reading the head: the very same head, one that is alike, a stranger's.

Each of the three is a keyed digest and a look-up. First is tried what gave the last answer on the connection: so most
heads are digested once, whatever a proxy sends.
"""

from typing import TYPE_CHECKING

from gateway.web import caps
from gateway.web.check.dialect import Dialect
from gateway.web.check.lane.alike import Cut, cut, digest_around
from gateway.web.check.lane.heads import Head
from gateway.web.check.lane.strangers import Stranger, cut_token
from gateway.web.check.standing import Known
from gateway.web.check.wire import Reply, allow

if TYPE_CHECKING:
    from gateway.web.check.lane.lane import Lane


class HeadMemory:
    """One per connection. It is asked only while the peer is trusted, as it was at accept."""

    __slots__ = ("_around", "_cut", "_digest", "_hasher", "_is_repeating", "_is_strange", "_lane", "_stranger")

    def __init__(self, lane: "Lane", listener: object) -> None:
        """`listener`: its address, as the connection's own socket has it."""
        self._lane = lane
        self._hasher = lane.repeated.hasher(listener)
        self._is_repeating = True  # heads come again here
        self._is_strange = False  # the last one brought a token that is none of ours
        self._digest = b""
        self._around = b""
        self._cut: Cut | None = None
        self._stranger: Stranger | None = None

    def answer(self, head: bytes) -> Reply | None:
        """The answer of this head, counted like any other; None: nothing is done, judge it."""
        self.forget()
        is_repeating = self._is_repeating
        written = self._again(head) if is_repeating else None
        if written is not None:
            return written
        if len(head) <= caps.MAX_FIELD:
            self._cut = cut(head)
        if self._is_strange:
            written = self._refusal(head) or self._alike(head)
        else:
            written = self._alike(head) or self._refusal(head)
        return written if written is not None or is_repeating else self._again(head)

    def forget(self) -> None:
        """Nothing is to be kept of the head that comes next."""
        self._digest, self._cut, self._stranger = b"", None, None

    def keep(self, known: Known, dialect: Dialect, head: Head, written: Reply, *, is_first: bool = False) -> None:
        """Keep the answer of the head that was asked about last, and what it says of others.

        `is_first`: nobody had this Allow before. Most never come again, and should teach nothing.
        """
        lane, standing, found = self._lane, known.standing, self._cut
        if standing is None:
            if self._stranger is not None and found is not None:
                lane.strangers.offer(self._stranger, found[2], dialect, head, lane.service.askers)
            return
        if found is not None and not is_first:
            lane.alike.offer(self._around, found, known, dialect, head, lane.service.askers)
        if self._digest:
            lane.repeated.offer(self._digest, written, standing)

    def _again(self, head: bytes) -> Reply | None:
        """The answer that this very head had before, if that still stands."""
        lane = self._lane
        hasher = self._hasher.copy()
        hasher.update(head)
        self._digest = digest = hasher.digest()
        known = lane.repeated.kept.get(digest)
        if known is None:
            return None
        if not lane.service.again(known.standing):
            lane.repeated.kept.pop(digest)
            return None
        lane.repeated.given += 1
        self._is_repeating = True
        return known.reply

    def _alike(self, head: bytes) -> Reply | None:
        """The answer of a head that differs from this one in the URI alone, if that still stands."""
        found = self._cut
        if found is None:
            return None
        lane = self._lane
        self._around = around = digest_around(head, found, self._hasher.copy())
        asker = lane.alike.kept.get(around)
        if asker is None:
            return None
        standing = lane.service.askers.recall(asker, found[1])
        if standing is None:
            return None
        written = standing.reply
        lane.alike.given += 1
        if not asker.is_usual:
            written = allow(written, keeps_alive=asker.keeps_alive, is_http_10=asker.is_http_10)
        if self._digest:
            lane.repeated.offer(self._digest, written, standing)
        last, asker.last_uri = asker.last_uri, hash(found[0])
        self._is_repeating = asker.last_uri == last
        return written

    def _refusal(self, head: bytes) -> Reply | None:
        """The refusal of a token that is none of ours, in a head that differs from known ones in it and in the URI."""
        lane, found = self._lane, self._cut
        if found is None:
            self._is_strange = False
            return None
        self._stranger = stranger = cut_token(head, found, self._hasher.copy())
        written = None if stranger is None else lane.strangers.refuse(stranger, lane.service.askers)
        self._is_strange = written is not None
        if written is not None:
            self._is_repeating = False
        return written
