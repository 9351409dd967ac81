"""Apps that speak FastCGI and uwsgi: they write down the variables they are given, and answer 200."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

Variables = list[tuple[str, str]]
_ANSWER = b"Status: 200 OK\r\nContent-Type: text/plain\r\n\r\nok"
_PARAMS, _STDIN, _STDOUT, _END = 4, 5, 6, 3


class VariableRecorder(socketserver.ThreadingTCPServer):
    """Records one list of variables for each request."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, handler: type[socketserver.StreamRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.port: int = self.server_address[1]
        self.seen: list[Variables] = []


class FastCgi(socketserver.StreamRequestHandler):
    """One FastCGI request (fastcgi-archives: specification, section 3.3)."""

    server: VariableRecorder

    def handle(self) -> None:
        params = b""
        while True:
            _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", self.rfile.read(8))
            content = self.rfile.read(size)
            self.rfile.read(padding)
            if kind == _PARAMS:
                params += content
            if kind == _STDIN and size == 0:
                break
        self.server.seen.append(_pairs(params))
        for kind, content in ((_STDOUT, _ANSWER), (_STDOUT, b""), (_END, bytes(8))):
            self.wfile.write(struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content)


class Uwsgi(socketserver.StreamRequestHandler):
    """One uwsgi request: a four byte head, then names and values, each behind its length."""

    server: VariableRecorder

    def handle(self) -> None:
        _, size, _ = struct.unpack("<BHB", self.rfile.read(4))
        variables: Variables = []
        while size > 0:
            name, value = _counted(self.rfile), _counted(self.rfile)
            size -= 4 + len(name) + len(value)
            variables.append((name.decode(), value.decode()))
        self.server.seen.append(variables)
        self.wfile.write(_ANSWER.replace(b"Status:", b"HTTP/1.0"))


def _counted(stream: BinaryIO) -> bytes:
    (size,) = struct.unpack("<H", stream.read(2))
    return stream.read(size)


def _pairs(params: bytes) -> Variables:
    variables: Variables = []
    at = 0
    while at < len(params):
        sizes = []
        for _ in range(2):
            if params[at] < 128:
                sizes.append(params[at])
                at += 1
            else:
                sizes.append(struct.unpack(">I", params[at : at + 4])[0] & 0x7FFFFFFF)
                at += 4
        name, value = params[at : at + sizes[0]], params[at + sizes[0] : at + sum(sizes)]
        variables.append((name.decode(), value.decode()))
        at += sum(sizes)
    return variables


@contextmanager
def variable_recorder(handler: type[socketserver.StreamRequestHandler]) -> Iterator[VariableRecorder]:
    """The app, in this process."""
    with VariableRecorder(handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
