"""A client that sends exactly the bytes it is told to, so that no library mends a path or joins two headers."""

import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def send_raw(port: int, raw: bytes, *, method: str = "GET") -> Reply:
    """Send the bytes on a connection of their own and read one answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(raw)
        return read_reply(connection, method)


def read_reply(connection: socket.socket, method: str) -> Reply:
    """One answer from a connection."""
    response = HTTPResponse(connection, method=method)
    try:
        response.begin()
        body = response.read()
        return Reply(response.status, tuple(response.getheaders()), body)
    finally:
        response.close()


def head(target: str | bytes, *, host: str, method: str = "GET", headers: Pairs = (), close: bool = True) -> bytes:
    """The bytes of a request head."""
    raw_target = target if isinstance(target, bytes) else target.encode("ascii")
    lines = [method.encode() + b" " + raw_target + b" HTTP/1.1", b"Host: " + host.encode()]
    lines += [name.encode("latin-1") + b": " + value.encode("latin-1") for name, value in headers]
    if close:
        lines.append(b"Connection: close")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def bearer(token: str) -> tuple[str, str]:
    """The header that most clients send a token in."""
    return ("Authorization", f"Bearer {token}")
