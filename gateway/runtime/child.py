"""A child of `serve --workers`: a fresh interpreter with one part in it, a check worker or the portal.

It gets its listening sockets and each configuration from its parent, and drains when the parent tells it to, or is
gone. Run as `python -P -m gateway.runtime.child NAME NUMBER`, the number being that of the inherited socket.
"""

import signal
import socket
import sys

from gateway.runtime.channel import receive_listeners
from gateway.runtime.lean import keep_small


def main(name: str, number: int) -> int:
    """Be the child of that name until the parent says otherwise. The exit code, as of `serve`."""
    for ignored in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to all; the parent says what they mean
        signal.signal(ignored, signal.SIG_IGN)
    end = socket.socket(fileno=number)
    end.set_inheritable(False)
    keep_small()
    import uvloop  # noqa: PLC0415  after what makes the rest small

    from gateway.runtime import logs  # noqa: PLC0415
    from gateway.runtime.child_life import live  # noqa: PLC0415  now, while the parent reads the configuration

    try:
        listeners = receive_listeners(end)
        return uvloop.run(live(name, end, listeners)) if listeners else 0
    finally:
        logs.drain()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], int(sys.argv[2])))
