"""A line for each refused check, as long as nobody makes us write without end.

Of one token, or of one client network where no token of ours is known, and for one reason: 60 lines at once, and then
10 a minute. Over all: 1,000 at once, and then 5 a second; and apart from these as many for tokens whose secret matched,
so that strangers hide nothing that holders need. What is left out is counted, and the count is told once a minute. The
audit and the metrics count every refusal. Loop thread only.
"""

from collections.abc import Callable

import structlog

from gateway.auth.limits import network
from gateway.core.decision import Challenge, Deny
from gateway.core.limits import Buckets, Rate
from gateway.core.reason import Reason
from gateway.core.target import Target
from gateway.web.check.redacted import redacted
from gateway.web.check.throttle import Throttle

log = structlog.get_logger("check")

LOGGED_PATH = 256  # characters of a path that one log line shows
EACH = Rate(burst=60, period_s=6.0)
ALL = Rate(burst=1000, period_s=0.2)  # some 150 MB a day at most
TRACKED = 10_000
# What a client makes up: counted for its network.
_STRANGERS = frozenset({Reason.MALFORMED_TOKEN, Reason.UNKNOWN_TOKEN, Reason.LIMITED})


class RefusalLog:
    """One per worker. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.each: Buckets[tuple[str | bytes, Reason]] = Buckets(TRACKED)
        self._all: Buckets[bool] = Buckets(2)
        self._left_out = Throttle(clock)

    def refused(self, dialect: str, decision: Deny | Challenge, target: Target | None) -> None:
        """One line, or a count."""
        if self.has_room(_who(decision, target), decision.reason, proven=decision.proven):
            self.write(dialect, decision, target)

    def has_room(self, who: str | bytes, reason: Reason, *, proven: bool = False) -> bool:
        """Whether there is to be a line for this refusal. False: it is counted, and that is all.

        `who`: the token's handle, or the client network of what is no token of ours.
        """
        return self.silent_until(who, reason, proven=proven) is None

    def silent_until(
        self, who: str | bytes, reason: Reason, known: float | None = None, *, proven: bool = False
    ) -> float | None:
        """As `has_room`: None where there is to be a line, else the moment until which there is no room for others.

        `known`: what this said of the same the last time. A bucket that is full stays so until then, and is not asked.
        """
        now = self._clock()
        if known is None or now >= known:
            wait_s = self.each.take((who, reason), now, EACH)
            if not wait_s and not self._all.take(proven, now, ALL):
                return None
            known = now + wait_s
        count = self._left_out.occasion(now)
        if count is not None:
            log.info("refusals not told one by one", count=count, last_reason=reason.value)
        return known

    def write(self, dialect: str, decision: Deny | Challenge, target: Target | None) -> None:
        """The line, without the query, which can hold secrets, and with no token, wherever it was written."""
        log.info(
            "refused",
            reason=decision.reason.value,
            detail=decision.detail,
            route="" if decision.route is None else decision.route.name,
            handle=decision.handle,
            dialect=dialect,
            method="" if target is None else target.method,
            host="" if target is None else redacted(target.host),
            path="" if target is None else redacted(target.path)[:LOGGED_PATH],
            address="" if target is None or target.address is None else str(target.address),
        )


def _who(decision: Deny | Challenge, target: Target | None) -> str | bytes:
    if decision.handle and (decision.proven or decision.reason not in _STRANGERS):
        return decision.handle
    return network(None if target is None else target.address)
