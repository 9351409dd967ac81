"""What goes over a connection: a check as one of the proxies asks it, and as much of the answer as the proof reads."""

import re
from dataclasses import dataclass
from typing import Final

SAME, URI, HEAD = "same head", "other URI", "other head"
WAYS: Final = (SAME, URI, HEAD)  # each meets another memory of the lane: repeated heads, heads alike, standing Allows
_TRAEFIK = (
    "GET /check/traefik HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-Method: {method}\r\nX-Forwarded-Uri: {uri}\r\n"
    "X-Forwarded-Host: app.example.org\r\nX-Forwarded-For: 192.0.2.7\r\n"
)
_NGINX = (
    "GET /check/nginx HTTP/1.1\r\nHost: app.example.org\r\nX-Original-Method: {method}\r\nX-Original-URI: {uri}\r\n"
    "X-Forwarded-For: 192.0.2.7\r\n"
)
_FACTS: Final = (_TRAEFIK, _NGINX)
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_REASON = re.compile(rb"(?i)\r\nx-auth-reason: *(\S+)")


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked for with one secret: the same request each time, but for what a way varies."""

    method: str
    path: str
    secret: str
    dialect: int = 0

    def head(self, way: str, number: int) -> bytes:
        """The bytes of one check."""
        uri = f"{self.path}?{number}" if way == URI else self.path
        facts = _FACTS[self.dialect].format(method=self.method, uri=uri)
        more = f"X-Request-Id: {number}\r\n" if way == HEAD else ""
        return f"{facts}Authorization: Bearer {self.secret}\r\n{more}\r\n".encode("ascii")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: whether it lets pass, the reason that a client reads, and how many bytes it took."""

    status: int
    reason: str
    size: int


def read_answer(got: bytes) -> Answered | None:
    """The answer at the beginning of `got`; None while it is not whole."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return None
    head = got[: end + 2]
    length, reason = _LENGTH.search(head), _REASON.search(head)
    size = end + 4 + (0 if length is None else int(length[1]))
    if len(got) < size:
        return None
    return Answered(int(head[9:12]), "" if reason is None else reason[1].decode("latin-1"), size)
