"""The apps behind the proxies. They know nothing of the gateway."""

import json
import os
import socketserver
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tests.e2e.harness.process import Program, free_port, listens

ROOT = Path(__file__).parents[3]
_HTTPBIN = """
import sys
from httpbin import app
from werkzeug.serving import WSGIRequestHandler, run_simple
WSGIRequestHandler.protocol_version = "HTTP/1.1"
run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True)
"""


@dataclass(frozen=True)
class Seen:
    """One request as it reached the app, byte for byte."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body_bytes: int

    def all(self, name: str) -> list[str]:
        """Every value of a header, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def text(self) -> str:
        """All of the head, for searching it."""
        return "\n".join([self.method, self.target, *(f"{name}: {value}" for name, value in self.headers)])


class Recorder(socketserver.ThreadingTCPServer):
    """An app that writes down each request as raw as it came, and answers 200."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Record)
        self.port: int = self.server_address[1]
        self.seen: list[Seen] = []


class _Record(socketserver.StreamRequestHandler):
    server: Recorder

    def handle(self) -> None:
        while (line := self.rfile.readline()) not in (b"", b"\r\n"):
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = []
            while (field_line := self.rfile.readline()) not in (b"", b"\r\n"):
                name, _, value = field_line.decode("latin-1").partition(":")
                headers.append((name, value.strip()))
            size = _body_bytes(self.rfile, {name.lower(): value for name, value in headers})
            self.server.seen.append(Seen(method, target, tuple(headers), size))
            body = b"" if method == "HEAD" else json.dumps({"seen": len(self.server.seen)}).encode()
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-App: recorder\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def _body_bytes(stream: BinaryIO, headers: dict[str, str]) -> int:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return len(stream.read(int(headers.get("content-length", "0"))))
    total = 0
    while size := int(stream.readline().split(b";")[0], 16):
        total += len(stream.read(size))
        stream.readline()
    stream.readline()
    return total


@contextmanager
def recorder() -> Iterator[Recorder]:
    """The recording app, in this process."""
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Apps:
    """The ports of what stands behind the proxies, by host name."""

    ports: dict[str, int] = field(default_factory=dict)


@contextmanager
def httpbin(folder: Path) -> Iterator[int]:
    """The unmodified httpbin from an environment of its own; its port."""
    port = free_port()
    python = ROOT / ".venv-httpbin" / "bin" / "python"
    program = Program("httpbin", [str(python), "-c", _HTTPBIN, str(port)], folder / "httpbin.log")
    program.start(lambda: listens(port))
    try:
        yield port
    finally:
        program.stop()


@contextmanager
def package_index(folder: Path, bin_folder: Path) -> Iterator[int]:
    """A pypiserver with one small wheel; its port. It asks for no password: the gateway does."""
    packages = folder / "packages"
    packages.mkdir()
    _write_wheel(packages)
    port = free_port()
    argv = [str(bin_folder / "pypi-server"), "run", "-i", "127.0.0.1", "-p", str(port), "-P", ".", "-a", "."]
    program = Program("pypiserver", [*argv, "--disable-fallback", str(packages)], folder / "pypiserver.log")
    program.start(lambda: listens(port))
    try:
        yield port
    finally:
        program.stop()


def _write_wheel(folder: Path) -> None:
    info = "guarded-1.0.dist-info"
    with zipfile.ZipFile(folder / "guarded-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("guarded.py", "WORTH = 'guarding'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: guarded\nVersion: 1.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", f"guarded.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def is_root() -> bool:
    """Whether the programs run as root: nginx then drops to a user that cannot enter the test's folders."""
    return os.geteuid() == 0
