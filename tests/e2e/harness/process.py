"""Programs of the stories: on ports of their own, waited for, stopped by their own id, logs shown on failure.

They end with the process that started them, also when that is killed: an interrupted run leaves nobody behind.
"""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

DEADLINE_S = 20.0
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


class DidNotStartError(AssertionError):
    """A program ended early or did not become ready; the message ends with its log."""


@dataclass
class Program:
    """One program, started in a process group of its own; its output goes to `log`."""

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self, is_ready: Callable[[], bool]) -> None:
        """Start and return once it is ready; DidNotStartError with its log otherwise."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.argv,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=clean_env(self.env),
                cwd=self.cwd,
                preexec_fn=partial(end_with, os.getpid()),  # noqa: PLW1509 - it takes no lock and no memory
            )
        process = self.process
        wait_until(lambda: process.poll() is not None or is_ready(), f"{self.name} is ready", self)
        if process.poll() is not None:
            raise DidNotStartError(f"{self.name} ended with {process.returncode}:\n{self.tail()}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and return its exit code; killed when it does not go within five seconds."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait(5)

    def tail(self, lines: int = 40) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def end_with(parent: int) -> None:
    """Be asked to end when the parent does. Called in the child, before it is the program."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)  # it ended before this was said


def wait_until(condition: Callable[[], bool], what: str, program: Program | None = None) -> None:
    """Poll until it holds; AssertionError after the deadline, with the program's log."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise DidNotStartError(f"waited in vain until {what}" + (f"\n{program.tail()}" if program else ""))
        time.sleep(0.02)


def clean_env(more: Mapping[str, str]) -> dict[str, str]:
    """An environment without the developer's proxies, indexes and netrc."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {"HOME": "/nonexistent", **kept, **more}


def free_port() -> int:
    """A loopback port that nobody holds at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
