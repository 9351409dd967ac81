"""The programs of the demo: started on free ports, waited for, and stopped by their own ids."""

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

START_S, STOP_S, POLL_S = 15.0, 5.0, 0.02


class ProgramError(Exception):
    """A program did not do what the demo needs of it; the message says which and what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One running program; everything it says goes to `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(cls, name: str, argv: Sequence[str | Path], *, log: Path, folder: Path) -> "Program":
        """Start in `folder`, in a session of its own: a Ctrl-C in the terminal is the demo's, which then stops all."""
        with log.open("ab") as out:
            process = subprocess.Popen(
                [str(word) for word in argv],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return cls(name=name, process=process, log=log)

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Return as soon as it is ready. ProgramError when it ended, or was not ready in time."""
        deadline = time.monotonic() + START_S
        while not is_ready():
            self.must_live()
            if time.monotonic() > deadline:
                raise ProgramError(f"{self.name} was not ready within {START_S:.0f} seconds")
            time.sleep(POLL_S)

    def must_live(self) -> None:
        """ProgramError when it has ended."""
        code = self.process.poll()
        if code is not None:
            raise ProgramError(f"{self.name} ended with {code}")

    def stop(self) -> None:
        """End it, by force if it does not go."""
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_ports(count: int) -> list[int]:
    """Different loopback ports that nobody holds at this moment."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()
