"""One whole head, read by llhttp; and refused here for what llhttp lets through.

`read` is given the bytes of one head, from its first letter to its last CRLF, and nothing else. A parser serves one
head: no state of one can reach the next, not even on the same connection.
"""

from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser

from gateway.core.headers import Headers, SingleHeaders
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
    headers: Headers
    is_http_10: bool
    keeps_alive: bool
    has_body: bool


class Malformed(NamedTuple):
    """No head. `kind` is our own word for the fault, and no byte of the input."""

    kind: str


def read(head: bytes) -> Head | Malformed:
    """Read one whole head. Any bytes at all are either a `Head` or `Malformed`; never an exception."""
    reader = _Reader()
    fault = _feed(reader, head)
    if fault is not None:
        return fault
    line = head[: head.find(b"\r\n")]
    version = line[-9:]
    if not reader.is_complete or version not in _VERSIONS or line.count(b" ") != 2:
        return Malformed("RequestLine")
    if reader.target[:1] != b"/":
        return Malformed("Target")  # no proxy asks with another form; servers differ about which are well-formed
    method = line[: line.find(b" ")]
    if method == b"CONNECT":
        return Malformed("Connect")
    values = reader.values
    count = head.count(b"\r\n") - 2  # llhttp takes no header over two lines, and no line end but CRLF
    if count > caps.MAX_HEADERS:
        return Malformed("TooManyHeaders")
    if b"host" not in values:
        return Malformed("Host")
    headers: Headers = SingleHeaders(values)
    if len(values) != count:
        headers = _all(head)
        if _is_doubled(headers):
            return Malformed("DoubledHeader")
    if len(head) > caps.MAX_FIELD and _is_long(reader.target, headers):
        return Malformed("FieldTooLong")
    return Head(
        method,
        reader.target.partition(b"?")[0],
        headers,
        version == b" HTTP/1.0",
        reader.keeps_alive,
        # llhttp lets nothing but digits through.
        b"transfer-encoding" in values or values.get(b"content-length", b"").strip(b"0") != b"",
    )


class _Reader:
    """Takes llhttp's calls for one head; of a name that comes twice the last value."""

    __slots__ = ("is_complete", "keeps_alive", "parser", "target", "values")

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self.target = b""
        self.is_complete = self.keeps_alive = False
        self.parser = HttpRequestParser(self)

    def on_url(self, part: bytes) -> None:
        self.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self.values[name.lower()] = value.rstrip(b" \t")  # llhttp strips before the value, and not behind it

    def on_headers_complete(self) -> None:
        self.is_complete = True
        self.keeps_alive = self.parser.should_keep_alive()


class _All:
    """Takes llhttp's calls for a head in which a name comes twice."""

    __slots__ = ("headers", "parser")

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.parser = HttpRequestParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value.rstrip(b" \t")))


def _feed(reader: _Reader | _All, head: bytes) -> Malformed | None:
    try:
        reader.parser.feed_data(head)
    except HttpParserUpgrade:
        return None  # a check never upgrades: the header is one like any other
    except HttpParserError as error:
        return Malformed(type(error).__name__)
    return None


def _all(head: bytes) -> Headers:
    reader = _All()
    _feed(reader, head)
    return reader.headers


def _is_long(target: bytes, headers: Headers) -> bool:
    return len(target) > caps.MAX_FIELD or any(len(name) + len(value) > caps.MAX_FIELD for name, value in headers)


def _is_doubled(headers: Headers) -> bool:
    single = [name for name, _ in headers if name in SINGLE]
    return len(single) != len(set(single))
