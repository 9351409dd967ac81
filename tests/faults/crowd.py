"""Very many connections from one process, as they are: open and silent, slow to ask, slow to take."""

import contextlib
import resource
import socket
import struct
from collections.abc import Iterator

HEAD = (
    "GET /check/traefik HTTP/1.1\r\nHost: x\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Uri: {path}\r\n"
    "X-Forwarded-Host: app.example.org\r\nX-Forwarded-For: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
)


def head(token: str, path: str = "/api/x", address: str = "192.0.2.7") -> bytes:
    """A check, byte by byte."""
    return HEAD.format(path=path, token=token, address=address).encode()


@contextlib.contextmanager
def room_for(descriptors: int) -> Iterator[None]:
    """May this process open so many; where it may not, that is a failure, since nothing would be tried."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= descriptors, f"the hard limit of open files is {hard}"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, descriptors), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def crowd(port: int, size: int, first: bytes = b"", receive: int = 0) -> Iterator[list[socket.socket]]:
    """So many connections, each with these bytes sent; `receive`: how little they take at a time."""
    opened: list[socket.socket] = []
    try:
        for number in range(size):
            one = socket.socket()
            opened.append(one)
            if receive:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
            one.settimeout(20)
            # One loopback address has too few ports for many thousands at once.
            one.bind((f"127.0.0.{2 + number % 50}", 0))
            with contextlib.suppress(ConnectionError):
                one.connect(("127.0.0.1", port))
                if first:
                    one.sendall(first)
        yield opened
    finally:
        for one in opened:
            one.close()


def is_open(connection: socket.socket) -> bool:
    """Whether the other end has not closed it; nothing is expected on it."""
    connection.setblocking(False)
    try:
        return connection.recv(65536) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def hang_up(connection: socket.socket) -> None:
    """Go away with a reset, at once."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
