"""One whole head, read by llhttp; and refused here for what llhttp lets through.

`read` is given the bytes of one head, from its first letter to its last CRLF, and nothing else. A parser serves one
head: no state of one can reach the next, not even on the same connection.
"""

from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from gateway.web import caps

# Headers of which two would be two meanings: aiohttp refuses the same ones. Host must be there, too.
SINGLE = frozenset(
    {
        b"content-length",
        b"content-location",
        b"content-range",
        b"content-type",
        b"etag",
        b"host",
        b"max-forwards",
        b"server",
        b"transfer-encoding",
        b"user-agent",
    }
)
_VERSIONS = (b" HTTP/1.1", b" HTTP/1.0")


class Head(NamedTuple):
    """What a head says. `path` is the target without its query; header names are in lower case.

    `has_body`: a body is announced. `keeps_alive`: the peer wants to ask again on this connection.
    """

    method: bytes
    path: bytes
    headers: list[tuple[bytes, bytes]]
    is_http_10: bool
    keeps_alive: bool
    has_body: bool


class Malformed(NamedTuple):
    """No head. `kind` is our own word for the fault, and no byte of the input."""

    kind: str


def read(head: bytes) -> Head | Malformed:
    """Read one whole head. Any bytes at all are either a `Head` or `Malformed`; never an exception."""
    reader = _Reader()
    reader.parser = parser = HttpRequestParser(reader)
    try:
        parser.feed_data(head)
    except HttpParserUpgrade:
        pass  # a check never upgrades: the header is one like any other
    except HttpParserError as error:
        return Malformed(type(error).__name__)
    headers = reader.headers
    line = head[: head.find(b"\r\n")]
    version = line[-9:]
    if not reader.is_complete or version not in _VERSIONS or line.count(b" ") != 2:
        return Malformed("RequestLine")
    method = line[: line.find(b" ")]
    if method == b"CONNECT":
        return Malformed("Connect")
    if len(headers) > caps.MAX_HEADERS:
        return Malformed("TooManyHeaders")
    if len(head) > caps.MAX_FIELD and _is_long(reader.target, headers):
        return Malformed("FieldTooLong")
    names = reader.names
    if b"host" not in names or (len(names) < len(headers) and _is_doubled(headers)):
        return Malformed("Host" if b"host" not in names else "DoubledHeader")
    return Head(
        method,
        reader.target.partition(b"?")[0],
        headers,
        version == b" HTTP/1.0",
        reader.keeps_alive,
        (b"content-length" in names and _length(headers) != b"") or b"transfer-encoding" in names,
    )


class _Reader:
    """Takes llhttp's calls for one head."""

    __slots__ = ("headers", "is_complete", "keeps_alive", "names", "parser", "target")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.names: set[bytes] = set()
        self.target = b""
        self.is_complete = self.keeps_alive = False
        self.parser: HttpRequestParser

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self.names.add(name)
        self.headers.append((name, value.rstrip(b" \t")))  # llhttp strips before the value, and not behind it

    def on_headers_complete(self) -> None:
        self.is_complete = True
        self.keeps_alive = self.parser.should_keep_alive()


def _is_long(target: bytes, headers: list[tuple[bytes, bytes]]) -> bool:
    return len(target) > caps.MAX_FIELD or any(len(name) + len(value) > caps.MAX_FIELD for name, value in headers)


def _is_doubled(headers: list[tuple[bytes, bytes]]) -> bool:
    single = [name for name, _ in headers if name in SINGLE]
    return len(single) != len(set(single))


def _length(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What Content-Length says, without leading zeros; llhttp lets nothing but digits through."""
    return next(value for name, value in headers if name == b"content-length").lstrip(b"0")
