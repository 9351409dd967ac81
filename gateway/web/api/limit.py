"""How much a client network may ask of the portal: generously of all, and sparingly of what fails.

Who holds a session or a token is answered however often others in the same network fail: only the answer to a failure
is limited. What is asked at all is limited for everybody, so that no network keeps the portal from the others. Fixed
memory.
"""

import math
import time
from collections.abc import Callable

from gateway.auth.limits import network
from gateway.core.limits import Buckets, Rate
from gateway.core.network import Address
from gateway.web.api.problem import Problem

REQUESTS = Rate(burst=600, period_s=0.05)  # an office of a hundred behind one address, each with a page open
FAILURES = Rate(burst=60, period_s=2.0)
TRACKED = 8192
LONG_READS = 2  # from end to end of the audit, at once in all


class PortalLimit:
    """Two tables of buckets. Loop thread only. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._requests: Buckets[bytes] = Buckets(TRACKED)
        self._failures: Buckets[bytes] = Buckets(TRACKED)
        self._long_reads = 0

    def request(self, address: Address | None) -> None:
        """Count a request. Problem `limited`."""
        self._take(self._requests, address, REQUESTS, "too many requests come from your network")

    def failure(self, address: Address | None) -> None:
        """Count a session or token that was none. Problem `limited` in place of saying so."""
        self._take(self._failures, address, FAILURES, "too many requests from your network fail")

    def begin_long_read(self) -> Callable[[], None]:
        """Begin to read all of something long; call what comes back when it ends. Problem `busy`."""
        if self._long_reads >= LONG_READS:
            raise Problem("busy", "the audit is being read by others", mend="try again when they are done")
        self._long_reads += 1

        def end() -> None:
            self._long_reads -= 1

        return end

    def _take(self, buckets: Buckets[bytes], address: Address | None, rate: Rate, words: str) -> None:
        wait_s = buckets.take(network(address), self._clock(), rate)
        if wait_s:
            raise Problem(
                "limited", words, mend="wait as Retry-After says", headers={"Retry-After": str(math.ceil(wait_s))}
            )
