"""Wrong tokens, sent as fast as a client can: heads that differ in nothing but the URI and the bearer token.

As `alike`, with a second cut: the token, where it is spelled as ours are. When all else is the very bytes of heads that
llhttp took, the same is known of this one. Only refusals are given here, and only what the token, by memory alone, is
refused for; whatever may be allowed is judged elsewhere. Every refusal is decided, limited and counted like any other;
only its bytes are made once.
"""

import re
from hashlib import blake2b
from typing import Final, NamedTuple

from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru
from gateway.core.reason import Reason
from gateway.web.check.dialect import Dialect
from gateway.web.check.lane.alike import Cut
from gateway.web.check.lane.heads import Head
from gateway.web.check.lane.wire import Reply, reply
from gateway.web.check.service import CheckService
from gateway.web.check.standing import Asker

ENTRIES: Final = 1_000
MARKS: Final = 1 << 12
MOST_REPLIES: Final = 64  # of one asker; they differ by reason, route and how long to wait
_TOKEN = re.compile(rb"\r\nAuthorization: Bearer ([a-z]{3}_[0-9A-Za-z]{11}_[0-9A-Za-z]{38})\r\n")


class Stranger(NamedTuple):
    """A head without its URI and its token, as a digest; and both of them."""

    digest: bytes
    uri: bytes
    token: bytes


class _Known(NamedTuple):
    asker: Asker
    keeps_alive: bool
    is_http_10: bool
    is_head: bool
    replies: dict[tuple[Reason, int, int], Reply]


class Strangers:
    """Digest of the outer parts -> what they say, and refusals as bytes. One per process, on the loop thread."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.kept: Lru[bytes, _Known] = Lru(entries)
        self.given = 0  # refusals given by it
        self._marks: list[bytes] = [b""] * MARKS

    def refuse(self, stranger: Stranger, service: CheckService) -> Reply | None:
        """The refusal of such a head; None: nothing is done, judge it."""
        known = self.kept.get(stranger.digest)
        if known is None:
            return None
        decision = service.refuse_alike(known.asker, stranger.uri, stranger.token)
        if decision is None or decision.route is None:
            return None
        wait_s = getattr(decision, "retry_after_s", 0)
        key = decision.reason, decision.route.index, wait_s
        written = known.replies.get(key)
        if written is None:
            if len(known.replies) >= MOST_REPLIES:
                known.replies.clear()
            written = known.replies[key] = reply(
                service.refusal(known.asker, decision),
                keeps_alive=known.keeps_alive,
                is_http_10=known.is_http_10,
                is_head=known.is_head,
            )
        self.given += 1
        return written

    def offer(self, stranger: Stranger, name: bytes, dialect: Dialect, head: Head, service: CheckService) -> None:
        """Learn from a head that was judged what others like it say. A first sight leaves a mark only."""
        place = int.from_bytes(stranger.digest[:2], "big") % MARKS
        if self._marks[place] != stranger.digest:
            self._marks[place] = stranger.digest
            return
        if not isinstance(head.headers, SingleHeaders):
            return
        known = self.kept.peek(stranger.digest)
        if known is None or known.asker.settings is not service.settings:
            asker = service.asker(dialect, head.headers, name)
            if asker is None:
                return
            known = _Known(asker, head.keeps_alive, head.is_http_10, head.method == b"HEAD", {})
            self.kept.put(stranger.digest, known)
        service.learn_bearer(known.asker, head.headers, stranger.uri, stranger.token)


def cut_token(head: bytes, found: Cut, hasher: "blake2b") -> Stranger | None:
    """Cut a head that is cut at its URI at its token, too; None where there is none of our spelling."""
    token = _TOKEN.search(head)
    if token is None:
        return None
    uri = found.start, found.start + len(found.uri)
    (first, first_end), (second, second_end) = sorted((uri, token.span(1)))
    hasher.update(head[:first] + b"\0" + head[first_end:second] + b"\0" + head[second_end:])
    return Stranger(hasher.digest(), found.uri, token[1])
