"""One connection of a proxy: bytes in, whole heads cut out of them, answers out; one unanswered check at a time.

What came behind a head waits, and while it waits nothing is read. Three things end a connection besides its peer: a
head that is not there in time, answers that nobody takes, and silence. Nothing here decides: every answer but the
fixed refusals is the service's, or was a moment ago and stands (`repeated`).
"""

import asyncio
import socket
from math import inf
from typing import TYPE_CHECKING, cast

import structlog

from gateway.web import caps
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.fixed import FAILED, MALFORMED, NOT_A_CHECK
from gateway.web.check.lane.heads import Head, Malformed, read
from gateway.web.check.lane.memory import HeadMemory
from gateway.web.check.standing import Known
from gateway.web.check.wire import Reply, allow, reply

if TYPE_CHECKING:
    from gateway.web.check.lane.lane import Lane

log = structlog.get_logger("check")

END = b"\r\n\r\n"


class Connection(asyncio.Protocol):
    """Everything happens on the loop thread, in the calls of the transport or in the one task of a check that waits."""

    def __init__(self, lane: "Lane") -> None:
        self._lane = lane
        self._received = bytearray()  # a part of a head, or what came behind one that is not answered yet
        self._task: asyncio.Task[None] | None = None
        self._is_stalled = False  # the peer does not take its answers
        self._is_ending = False  # nothing is answered any more
        self._is_holding = False  # nothing is read for now
        self._began = True  # a head has begun, or must: the first one
        self._due = inf
        self._timer: asyncio.TimerHandle | None = None

    # --- what the transport says ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Refuse beyond the caps."""
        self._transport = cast(asyncio.Transport, transport)
        self._loop = self._lane.loop
        opened = transport.get_extra_info("socket")
        self._family = opened.family
        self._peer = transport.get_extra_info("peername")
        if self._family != socket.AF_UNIX:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._memory = HeadMemory(self._lane, (self._family, transport.get_extra_info("sockname")))
        self._trust = self._lane.door.trust
        self._trusted = self._trusted_at_accept = self._trust(self._family, self._peer)
        self._lane.connections.add(self)
        if not self._lane.door.enter(self, trusted=self._trusted):
            self._is_ending = True
            self._transport.abort()
            return
        self._set_due(caps.HEAD_DEADLINE_S)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Make room, and stop working for nobody."""
        self._is_ending = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        self._lane.forget(self)
        self._lane.door.leave(self)

    def data_received(self, data: bytes) -> None:
        """Answer what is whole, keep what is not."""
        if self._is_ending:
            return
        received = self._received
        if self._task is not None or self._is_stalled:
            received += data
            self._hold()
            return
        if received:
            behind = max(0, len(received) - len(END) + 1)
            received += data
            if received.find(END, behind) < 0:
                self._expect_more(data)
                return
            data = bytes(received)
            received.clear()
        self._advance(data)

    def pause_writing(self) -> None:
        """The peer is slow to take its answers: ask nothing more of it, and not for ever."""
        self._is_stalled = True
        self._set_due(caps.WRITE_DEADLINE_S)

    def resume_writing(self) -> None:
        """Go on."""
        self._is_stalled = False
        self._set_due(caps.KEEPALIVE_S)
        self._release()

    # --- heads ---

    def _advance(self, data: bytes) -> None:
        """Answer head after head, as long as none waits. `data` begins at the boundary of two messages."""
        at, size = 0, len(data)
        try:
            while True:
                while at < size and data[at] in b"\r\n":  # RFC 9112 section 2.2
                    at += 1
                if at == size:
                    return
                end = data.find(END, at) + len(END)
                if end < len(END):
                    self._received += data[at:]
                    self._expect_more(self._received)
                    return
                head = data if end - at == size else data[at:end]
                self._began = False
                if not self._answer_known(head) and not self._answer(head, data, end):
                    return
                at = end
                if at == size or not self._is_ready():
                    break
        except Exception as error:  # noqa: BLE001  # the request boundary: what went wrong inside is a refusal
            self._fail(error)
            return
        if at < size and not self._is_ending:
            self._received += data[at:]
            self._hold()

    def _expect_more(self, came: bytes | bytearray) -> None:
        """A head is not whole yet. What cannot become one is refused at once, without waiting for the deadline."""
        received = self._received
        if len(received) > caps.MAX_HEAD:
            self._refuse("HeadTooLong")
        elif not 65 <= received[0] <= 90:
            self._refuse("Method")
        elif came.count(b"\n") > received.count(b"\r\n", max(0, len(received) - len(came) - 1)):
            self._refuse("BareLineFeed")
        elif not self._began:
            self._began = True
            self._set_due(caps.HEAD_DEADLINE_S)

    def _answer_known(self, head: bytes) -> bool:
        """Answer from what is remembered of other heads: for peers only that are trusted, and were at accept."""
        if not (self._trusted_at_accept and self._is_trusted()) or self._lane.is_draining:
            self._memory.forget()
            return False
        written = self._memory.answer(head)
        if written is None:
            return False
        self._write(written)
        return True

    def _answer(self, head: bytes, data: bytes, end: int) -> bool:
        """Answer one head; what is not plain goes to the other lane. False: what lies behind it is dealt with."""
        lane = self._lane
        found = read(head) if len(head) <= caps.MAX_HEAD else Malformed("HeadTooLong")
        if isinstance(found, Malformed):
            self._refuse(found.kind)
            return False
        if found.has_body:
            self._hand_over(head, data[end:])
            return False
        dialect = lane.dialects.get(found.path)
        if dialect is None:
            self._write_answer(NOT_A_CHECK, found)
        elif not self._is_trusted():
            lane.door.untrusted(str(self._peer[0] if isinstance(self._peer, tuple) else self._peer))
            self._write_answer(lane.service.refuse_peer(dialect, found.headers), found)
        else:
            known = lane.service.recall(dialect, found.headers)
            if known is None:
                self._due = inf
                self._task = task = lane.begin(self._ask(dialect, found))
                task.add_done_callback(self._asked)
            else:
                self._write_known(known, dialect, found)
        return True

    async def _ask(self, dialect: Dialect, head: Head) -> None:
        """The check of a head that memory alone could not answer."""
        self._write_answer(await self._lane.service.check(dialect, head.headers), head)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if task.cancelled() or self._transport.is_closing():
            return
        error = task.exception()
        if error is not None:
            self._fail(error)
            return
        self._release()

    # --- answers ---

    def _write_known(self, known: Known, dialect: Dialect, head: Head) -> None:
        standing = known.standing
        if standing is None:
            self._memory.keep(known, dialect, head, self._write_answer(known.answer, head))
            return
        keeps_alive = head.keeps_alive and not self._lane.is_draining
        written = allow(standing.reply, keeps_alive=keeps_alive, is_http_10=head.is_http_10)
        self._write(written)
        self._memory.keep(known, dialect, head, written, is_first=known.judged is not None)

    def _write_answer(self, answer: Answer, head: Head) -> Reply:
        keeps_alive = head.keeps_alive and self._is_trusted() and not self._lane.is_draining
        written = reply(answer, keeps_alive=keeps_alive, is_http_10=head.is_http_10, is_head=head.method == b"HEAD")
        self._write(written)
        return written

    def _write(self, written: Reply) -> None:
        if self._is_ending:
            return
        now = self._loop.time()
        self._due = now + caps.KEEPALIVE_S
        self._transport.write(written.before + self._lane.dates.at(now) + written.after)
        if written.closes:
            self._is_ending = True
            self._transport.close()

    def _refuse(self, kind: str) -> None:
        """Answer bytes that are no head, and take no others from this peer. Our word for it, and no byte of theirs."""
        self._lane.door.refused_malformed(kind)
        self._last(MALFORMED)

    def _fail(self, error: BaseException) -> None:
        log.error("the lane failed", exc_info=error)
        self._last(FAILED)

    def _last(self, answer: Answer) -> None:
        """Write a fixed answer and close. What still comes is drained a while: a reset could overtake the answer."""
        if self._is_ending:
            return
        self._is_ending = True
        self._received.clear()
        written = reply(answer, keeps_alive=False)
        self._transport.write(written.before + self._lane.dates.at(self._loop.time()) + written.after)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._set_due(caps.LINGER_S)

    def _hand_over(self, head: bytes, rest: bytes) -> None:
        """Let the other lane answer this one message. Nothing is unanswered here, and nothing waits to be written."""
        self._is_ending = True
        if self._timer is not None:
            self._timer.cancel()
        self._lane.forget(self)
        self._lane.hand_over(self, self._transport, head, rest)

    # --- turns and time ---

    def _is_trusted(self) -> bool:
        """Whether the peer may ask, by the settings of this moment: a reload reaches connections that are open."""
        trust = self._lane.door.trust
        if trust is not self._trust:
            self._trust, self._trusted = trust, trust(self._family, self._peer)
        return self._trusted

    def _is_ready(self) -> bool:
        return not (self._is_ending or self._is_stalled or self._task is not None)

    def _hold(self) -> None:
        if not self._is_holding:
            self._is_holding = True
            self._transport.pause_reading()

    def _release(self) -> None:
        """Go on with what waited."""
        if self._received and self._is_ready():
            data = bytes(self._received)
            self._received.clear()
            self._advance(data)
        if self._is_holding and self._is_ready():
            self._is_holding = False
            self._transport.resume_reading()

    def retire(self) -> None:
        """Close as soon as nothing is unanswered."""
        if self._task is None and not self._is_ending:
            self._is_ending = True
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._is_ending = True
        self._transport.abort()

    def _set_due(self, seconds: float) -> None:
        """Have the connection end in so many seconds, unless something happens before."""
        self._due = self._loop.time() + seconds
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        """Whether it is due. The timer is not moved at each answer: it looks again when it would have been."""
        if self._loop.time() < self._due:
            self._timer = self._loop.call_at(min(self._due, self._loop.time() + caps.KEEPALIVE_S), self._look)
        else:
            self.abort()
