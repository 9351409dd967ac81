"""The door of the check listener, shared by both lanes: who is inside, who may ask, and what is said of the others."""

from collections.abc import Callable

import structlog

from gateway.web import caps
from gateway.web.check.throttle import Throttle
from gateway.web.check.trust import Trust

log = structlog.get_logger("check")


class Door:
    """One per process, on the loop thread. A reload replaces `trust`."""

    def __init__(self, trust: Trust, untrusted: Callable[[str], None]) -> None:
        """`untrusted` is told the address of each peer whose check is refused."""
        self.trust = trust
        self.untrusted = untrusted
        self.accepted = 0  # connections since the start; few of many checks, where the proxy keeps them open
        self.inside: set[object] = set()
        self.strangers: set[object] = set()
        self._malformed = Throttle()

    def enter(self, connection: object, *, trusted: bool) -> bool:
        """Count a new connection in. False: it is one too many, and has to be cut off."""
        self.accepted += 1
        self.inside.add(connection)
        if not trusted:
            self.strangers.add(connection)
        return len(self.inside) <= caps.MAX_CONNECTIONS and len(self.strangers) <= caps.MAX_STRANGERS

    def leave(self, connection: object) -> None:
        """Make room."""
        self.inside.discard(connection)
        self.strangers.discard(connection)

    def replace(self, connection: object, successor: object) -> None:
        """Let another object stand for a connection that is inside."""
        for group in (self.inside, self.strangers):
            if connection in group:
                group.discard(connection)
                group.add(successor)

    def refused_malformed(self, kind: str) -> None:
        """Say once a minute that heads were malformed; `kind` is our own word, and never a byte of one."""
        count = self._malformed.occasion()
        if count is not None:
            log.info("malformed heads refused", last_kind=kind, count=count)
