"""An answer as bytes: the same status, headers and body, in the same order, as the aiohttp lane writes them."""

import time
from email.utils import formatdate
from http import HTTPStatus
from typing import NamedTuple

from gateway.web.check.dialect import Answer

_PHRASES = {status.value: status.phrase.encode("ascii") for status in HTTPStatus}
_LINES = {
    (version, code): b"%b %d %b\r\n" % (version, code, phrase)
    for version in (b"HTTP/1.1", b"HTTP/1.0")
    for code, phrase in _PHRASES.items()
}


class Reply(NamedTuple):
    """What is written for one check, but for the date, which stands between the two parts. `closes`: the last one."""

    before: bytes
    after: bytes
    closes: bool


def reply(answer: Answer, *, keeps_alive: bool, is_http_10: bool = False, is_head: bool = False) -> Reply:
    """Serialise. `is_head`: the request's method was HEAD, so that the body is announced and not sent."""
    parts = [_LINES[b"HTTP/1.0" if is_http_10 else b"HTTP/1.1", answer.status]]
    for name, value in answer.headers:
        parts += (name, b": ", value, b"\r\n")
    parts.append(b"Server: token-gateway\r\nContent-Length: %d\r\nDate: " % len(answer.body))
    after = _end(keeps_alive=keeps_alive, is_http_10=is_http_10)
    return Reply(b"".join(parts), after if is_head else after + answer.body, not keeps_alive)


def allow(usual: Reply, *, keeps_alive: bool, is_http_10: bool) -> Reply:
    """An Allow as a peer wants it that asks otherwise than by HTTP/1.1 on a connection that stays, from one that does.

    It has no body, so that HEAD is no matter.
    """
    before = b"HTTP/1.0" + usual.before[8:] if is_http_10 else usual.before
    return Reply(before, _end(keeps_alive=keeps_alive, is_http_10=is_http_10), not keeps_alive)


def unwritten(usual: Reply) -> Answer:
    """The answer of an Allow, from its bytes for HTTP/1.1 on a connection that stays."""
    first, *lines = usual.before.split(b"\r\n")
    pairs = (line.partition(b": ") for line in lines[:-3])  # the last are Server, Content-Length and Date
    return Answer(status=int(first.split()[1]), headers=tuple((name, value) for name, _, value in pairs))


def _end(*, keeps_alive: bool, is_http_10: bool) -> bytes:
    if keeps_alive != is_http_10:
        return b"\r\n\r\n"  # it is what the version means by itself
    return b"\r\nConnection: keep-alive\r\n\r\n" if keeps_alive else b"\r\nConnection: close\r\n\r\n"


class Dates:
    """The Date header, made once a second."""

    def __init__(self) -> None:
        self._until = float("-inf")
        self._text = b""

    def at(self, moment: float) -> bytes:
        """As RFC 9110 section 5.6.7 has it. `moment`: in seconds of a clock that is not set, such as the loop's."""
        if moment >= self._until:
            now = time.time()
            second = int(now)
            self._until = moment + 1.0 - (now - second)
            self._text = formatdate(second, usegmt=True).encode("ascii")
        return self._text
