"""Wrong tokens, sent as fast as a client can: heads that differ in nothing but the URI and the bearer token.

As `alike`, with a second cut: the token, where it is spelled as ours are. When all else is the very bytes of heads that
llhttp took, the same is known of this one. Only refusals are given here, and only what the token, by memory alone, is
refused for; whatever may be allowed is judged elsewhere. Every refusal is decided, limited and counted like any other;
only its bytes are made once.
"""

import re
from hashlib import blake2b
from typing import Final

from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru, Recent
from gateway.web.check.askers import Askers
from gateway.web.check.dialect import Dialect
from gateway.web.check.lane.alike import Cut
from gateway.web.check.lane.heads import Head
from gateway.web.check.standing import Asker
from gateway.web.check.wire import Reply, reply

ENTRIES: Final = 1_000
MARKS: Final = 1 << 12
_MARK: Final = b"\r\nAuthorization: Bearer "
_TOKEN = re.compile(rb"[a-z]{3}_[0-9A-Za-z]{11}_[0-9A-Za-z]{38}(?=\r\n)")


# A head without its URI and its token, as a digest; the URI's path, and the token.
Stranger = tuple[bytes, bytes, bytes]


class Strangers:
    """Digest of the outer parts -> what they say, and refusals as bytes. One per process, on the loop thread."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self.kept: Lru[bytes, Asker] = Recent(entries)
        self.given = 0  # refusals given by it
        self._marks: list[bytes] = [b""] * MARKS

    def refuse(self, stranger: Stranger, askers: Askers) -> Reply | None:
        """The refusal of such a head; None: nothing is done, judge it."""
        digest, path, token = stranger
        asker = self.kept.get(digest)
        refusal = None if asker is None else askers.refuse(asker, path, token)
        if asker is None or refusal is None:
            return None
        self.given += 1
        if refusal.reply is None:
            refusal.reply = reply(
                askers.answer(asker.place, refusal),
                keeps_alive=asker.keeps_alive,
                is_http_10=asker.is_http_10,
                is_head=asker.is_head,
            )
        return refusal.reply

    def offer(self, stranger: Stranger, name: bytes, dialect: Dialect, head: Head, askers: Askers) -> None:
        """Learn from a head that was judged what others like it say. A first sight leaves a mark only."""
        digest, path, token = stranger
        place = int.from_bytes(digest[:2], "big") % MARKS
        if self._marks[place] != digest:
            self._marks[place] = digest
            return
        if not isinstance(head.headers, SingleHeaders):
            return
        asker = self.kept.peek(digest)
        if asker is None or not askers.is_current(asker):
            asker = askers.asker(dialect, head.headers, name, head)
            if asker is None:
                return
            self.kept.put(digest, asker)
        askers.learn_bearer(asker, head.headers, path, token)


def cut_token(head: bytes, found: Cut, hasher: "blake2b") -> Stranger | None:
    """Cut a head that is cut at its URI at its token, too; None where there is none of our spelling."""
    mark = head.find(_MARK)
    token = None if mark < 0 else _TOKEN.match(head, mark + len(_MARK))
    if token is None:
        return None
    uri, path, _, start = found
    first, first_end, second, second_end = start, start + len(uri), *token.span()
    if second < first:
        first, first_end, second, second_end = second, second_end, first, first_end
    hasher.update(head[:first] + b"\0" + head[first_end:second] + b"\0" + head[second_end:])
    return hasher.digest(), path, token[0]
