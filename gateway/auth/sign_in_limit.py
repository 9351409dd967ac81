"""How often a sign-in may fail: counted for each client network, never for an account.

A lock on the account would be a way to keep its owner out (corpus D17); a network that guesses only slows itself down.
Fixed memory, and whoever has ever so many networks fills nobody else's bucket. Tokens know nothing of it.
"""

import time
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from gateway.auth.limits import network
from gateway.auth.refused import Refused
from gateway.core.limits import Buckets, Rate

TRACKED = 8192
FAILURES = Rate(burst=20, period_s=15.0)  # an office behind one address mistypes less than this


class SignInLimit:
    """One table of buckets. Loop thread only. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: Buckets[bytes] = Buckets(TRACKED)

    def take(self, address: str) -> None:
        """Take a place before the work, so that many at once are counted too. Refused `limited` when there is none."""
        if self._failures.take(network_of(address), self._clock(), FAILURES):
            raise Refused("limited", message="too many sign-ins from your network failed", mend="try again in a minute")

    def give_back(self, address: str) -> None:
        """The password was right, or was never looked at: as if the place had not been taken."""
        self._failures.give_back(network_of(address), FAILURES)


def network_of(address: str) -> bytes:
    """As `limits.network`, of an address as the audit writes it. One for all whose address is not known."""
    try:
        found = ip_address(address)
    except ValueError:
        return network(None)
    return network((found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found)
