"""How much a client network may ask of the portal: generously of all, and sparingly of what fails.

Who holds a session or a token is answered however often others in the same network fail: only the answer to a failure
is limited. What is asked at all is limited for everybody, so that no network keeps the portal from the others; services
that ask for those behind them (introspection) are counted by their token instead. Fixed memory.
"""

import math
import time
from collections.abc import Callable, Hashable
from typing import TypeVar

from gateway.auth.limits import network
from gateway.core.limits import Buckets, Rate
from gateway.core.network import Address
from gateway.web.api.problem import Problem

Key = TypeVar("Key", bound=Hashable)
REQUESTS = Rate(burst=600, period_s=0.05)  # an office of a hundred behind one address, each with a page open
FAILURES = Rate(burst=60, period_s=2.0)
# One runaway service must leave the portal to people: an introspection takes 0.23 ms of CPU (2026-11-22), so this is a
# ninth of a core.
SERVICE = Rate(burst=1000, period_s=0.002)
TRACKED = 8192
LONG_READS = 2  # from end to end of the audit, at once in all


class PortalLimit:
    """Three tables of buckets. Loop thread only. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: Buckets[bytes] = Buckets(TRACKED)
        self._failures: Buckets[bytes] = Buckets(TRACKED)
        self._services: Buckets[str] = Buckets(TRACKED)
        self._long_reads = 0

    def request(self, address: Address | None) -> None:
        """Count a request. Problem `limited`."""
        self._take(self._requests, network(address), REQUESTS, "too many requests come from your network")

    def failure(self, address: Address | None) -> None:
        """Count a session or token that was none. Problem `limited` in place of saying so."""
        self._take(self._failures, network(address), FAILURES, "too many requests from your network fail")

    def service(self, token_id: str) -> None:
        """Count a request of a token that may ask for others. Problem `limited`."""
        self._take(self._services, token_id, SERVICE, "the token asks too often")

    def begin_long_read(self) -> Callable[[], None]:
        """Begin to read all of something long; call what comes back when it ends. Problem `busy`."""
        if self._long_reads >= LONG_READS:
            raise Problem("busy", "the audit is being read by others", mend="try again when they are done")
        self._long_reads += 1

        def end() -> None:
            self._long_reads -= 1

        return end

    def _take(self, buckets: Buckets[Key], key: Key, rate: Rate, words: str) -> None:
        wait_s = buckets.take(key, self._clock(), rate)
        if wait_s:
            raise Problem(
                "limited", words, mend="wait as Retry-After says", headers={"Retry-After": str(math.ceil(wait_s))}
            )
