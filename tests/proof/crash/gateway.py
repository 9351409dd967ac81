"""A gateway with two workers that is killed again and again, and comes back."""

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.runtime.control import address_of
from tests.installation import CONFIG as USUAL
from tests.process.serving import Serving

CONFIG = USUAL.replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")
HOST = "gateway.example.org"
BACK_S = 60.0  # on a machine with much else to do
SIGN = '  - {{name: "sign-{0}", host: app.example.org, path: "/sign/{0}", authenticated: true}}\n'


def until(holds: Callable[[], Any], what: str, seconds: float = BACK_S) -> Any:
    """Wait until it holds; what it then is."""
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.03)
    return found


def is_there(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(*pids: int) -> None:
    """At once; whoever is gone already is gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Gateway(Serving):
    """`serve --workers 2`. The routes end with one that says which configuration is in use."""

    def __init__(self, installation: Any) -> None:
        self.sign = 0
        super().__init__(installation, "--workers", "2")

    def base(self) -> str:
        return super().base().replace(USUAL, CONFIG) + SIGN.format(self.sign)

    def children(self) -> dict[str, int]:
        """The processes under the parent, by name."""
        assert self.process is not None
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                if int(stat.read_text().rpartition(")")[2].split()[1]) == self.process.pid:
                    words = stat.with_name("cmdline").read_text().split("\0")
                    found[words[words.index("gateway.runtime.child") + 1]] = int(stat.parent.name)
        return found

    def workers(self) -> list[int]:
        """The check workers."""
        return [pid for name, pid in sorted(self.children().items()) if name != "portal"]

    def start(self) -> None:
        """Start and wait until it is ready."""
        process = self.begin()
        until(lambda: process.poll() is not None or self.ready() == 200, "it starts")
        assert process.poll() is None, self.log.read_text()[-2000:]

    def kill_parent(self) -> None:
        """The children notice, write what they counted, and end."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def come_back(self) -> None:
        """Return when every part answers again: by itself if the parent lives, else started anew."""
        assert self.process is not None
        if self.process.poll() is not None:
            self.start()
        until(self._answers, f"the gateway is back: {self.log.read_text()[-2000:]}")

    def passes(self, token: str) -> bool:
        """Whether a token passes. `unavailable` is no answer to that: a busy machine has it asked again."""
        end = time.monotonic() + BACK_S
        while True:
            status, headers, _ = self.ask(token)
            if status != 503:
                break
            assert time.monotonic() < end, "unavailable for a minute"
            time.sleep(0.1)
        assert status == 200 or (status, headers.get("x-auth-reason")) in {
            (401, "invalid_token"),
            (401, "revoked"),
        }, f"{status}, {headers}"
        return status == 200

    def ask_to_reload(self) -> bytes:
        """As `token-gateway reload` asks; what comes back, nothing when the gateway dies meanwhile."""
        with socket.socket(socket.AF_UNIX) as asking, contextlib.suppress(OSError):
            asking.settimeout(BACK_S)
            asking.connect(address_of(self.installation.config))
            asking.sendall(b"reload\n")
            return b"".join(iter(lambda: asking.recv(65536), b""))
        return b""

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            _, _, ready = self.get(self.ops, "/health/ready")
            portal = self.get(self.portal, "/api/v1/token", {"Host": HOST})[0]
            return (json.loads(ready)["workers_ready"], portal) == (2, 401)
        return False
