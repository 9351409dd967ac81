"""`token-gateway serve` as a process, and a plain client for its listeners."""

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.installation import CONFIG, Installation

COMMAND = str(Path(sys.executable).with_name("token-gateway"))


def free_ports(count: int) -> list[int]:
    """Loopback ports that were free a moment ago, no two the same."""
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


class Serving:
    """One installation, listening on free ports."""

    def __init__(self, installation: Installation, *words: str) -> None:
        """`words` are further ones for `serve`."""
        self.installation = installation
        self.words = words
        self.check, self.portal, self.ops = free_ports(3)
        self.socket = installation.folder / "check.sock"
        self.log = installation.folder / "serve.log"
        self.write()
        self.process: subprocess.Popen[bytes] | None = None

    def write(self, more: str = "", *, without: str = "\0") -> None:
        """Write the configuration, with `more` at its end; lines that hold `without` are left out."""
        lines = [line for line in self.base().splitlines() if without not in line]
        self.installation.config.write_text("\n".join(lines) + "\n" + more, "utf-8")

    def base(self) -> str:
        """The configuration of the installation, with this process's listeners."""
        check = f'["127.0.0.1:{self.check}", "unix:{self.socket}"]'
        return f'listen: {{check: {check}, portal: "127.0.0.1:{self.portal}", ops: "127.0.0.1:{self.ops}"}}\n{CONFIG}'

    def begin(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [COMMAND, "serve", *self.words, "--config", str(self.installation.config)], stdout=log, stderr=log
            )
        return self.process

    def start(self) -> None:
        """Start and wait until it is ready; for a minute, as this judges nobody's speed."""
        process = self.begin()
        for _ in range(1200):
            assert process.poll() is None, self.log.read_text()
            if self.ready() == 200:
                return
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.log.read_text()}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(15)

    def ready(self) -> int:
        """The status of /health/ready; 0 when nothing listens."""
        try:
            return self.get(self.ops, "/health/ready")[0]
        except OSError:
            return 0

    def get(self, port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def ask(self, token: str | None, path: str = "/api/x", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """One check in Traefik's dialect."""
        headers = {
            "X-Forwarded-Method": method,
            "X-Forwarded-Uri": path,
            "X-Forwarded-Host": "app.example.org",
            "X-Forwarded-For": "192.0.2.7",
        }
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.get(self.check, "/check/traefik", headers)

    def lines(self) -> list[dict[str, object]]:
        """The log, a line an object."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def events(self) -> list[object]:
        """What the log says happened."""
        return [line["event"] for line in self.lines()]

    def wait_for(self, event: str) -> None:
        """Wait until the log has the event."""
        for _ in range(200):
            if event in self.events():
                return
            time.sleep(0.02)
        raise AssertionError(f"no {event!r} in {self.log.read_text()}")
