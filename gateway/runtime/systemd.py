"""What systemd is told (sd_notify(3)), and the sockets that it hands over (sd_listen_fds(3)). Without systemd: nothing.

Both are environment variables and a datagram or inherited descriptors; no library is needed for that.
"""

import asyncio
import contextlib
import os
import socket
import stat
import time
from collections.abc import Mapping, MutableMapping, Sequence

from gateway.runtime.listen import ListenError

FIRST_FD = 3
NAMES = ("check", "portal", "ops")
Handed = Mapping[str, Sequence[socket.socket]]  # by the listener that they are for


class Notifier:
    """Tells the service manager how it stands. Never waits and never fails."""

    def __init__(self, env: MutableMapping[str, str]) -> None:
        """Takes the variables out of `env`: they are meant for this process alone."""
        address = env.pop("NOTIFY_SOCKET", "")
        usec, pid = env.pop("WATCHDOG_USEC", ""), env.pop("WATCHDOG_PID", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        mine = not pid or pid == str(os.getpid())
        self._watchdog_s = int(usec) / 1e6 if usec.isdecimal() and mine else 0.0

    def ready(self, status: str) -> None:
        """It answers; also after a reload."""
        self._tell("READY=1", f"STATUS={status}", f"MAINPID={os.getpid()}")

    def reloading(self) -> None:
        """It reads the configuration again. Newer managers want the time by the clock that they use."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """It drains."""
        self._tell("STOPPING=1", "STATUS=draining")

    async def run(self, stop: asyncio.Event) -> None:
        """Show the watchdog that the loop runs, twice in its time, until the process ends by itself."""
        while self._watchdog_s and not stop.is_set():
            self._tell("WATCHDOG=1")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._watchdog_s / 2)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.setblocking(False)
            told.sendto("\n".join(lines).encode(), self._address)


def handed_over(env: MutableMapping[str, str]) -> Handed:
    """The listening sockets from the service manager, by the listener that they are for.

    ListenError when they cannot be told apart or are not listening stream sockets. Takes the variables out of `env`.
    """
    pid, count, names = (env.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    found: dict[str, list[socket.socket]] = {}
    if pid != str(os.getpid()) or not count.isdecimal():
        return found
    called = names.split(":")
    for at in range(int(count)):
        name = called[at] if at < len(called) else ""
        if name not in NAMES:
            raise ListenError(
                f"socket {at + 1} from the service manager is called {name!r}; write FileDescriptorName=check, portal "
                "or ops in its .socket unit"
            )
        found.setdefault(name, []).append(_listening(FIRST_FD + at, name))
    for name in ("portal", "ops"):
        if len(found.get(name, [])) > 1:
            raise ListenError(f"the service manager handed over several sockets called {name}; one is what there is")
    return found


def _listening(number: int, name: str) -> socket.socket:
    words = f"the socket called {name} from the service manager"
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise ListenError(f"{words} is no socket")
        given = socket.socket(fileno=number)
    except OSError as error:
        raise ListenError(f"{words} cannot be used: {error.strerror}") from error
    is_unix = given.family == socket.AF_UNIX and name == "check"
    if given.type != socket.SOCK_STREAM or not (is_unix or given.family in {socket.AF_INET, socket.AF_INET6}):
        raise ListenError(f"{words} is of the wrong kind; use ListenStream= with a TCP port, or for check a path")
    if not given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ListenError(f"{words} does not listen; its .socket unit must have Accept=no")
    given.set_inheritable(False)
    given.setblocking(False)
    return given
