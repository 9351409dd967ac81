"""How often a sign-in may fail: counted for each client network, never for an account.

A lock on the account would be a way to keep its owner out (corpus D17); a network that guesses only slows itself down.
Fixed memory: buckets found by a keyed digest, so that nobody can aim at another's. Tokens know nothing of it.
"""

import secrets
import time
from array import array
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv6Address, ip_address

from gateway.auth.refused import Refused
from gateway.core.limits import Rate, give_back, take

BUCKETS = 8192  # 64 KiB
FAILURES = Rate(burst=20, period_s=15.0)  # an office behind one address mistypes less than this
IPV6_NETWORK = 64  # bits: one household, or one host of many addresses


class SignInLimit:
    """One table of buckets. Loop thread only. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._buckets = array("d", bytes(8 * BUCKETS))

    def take(self, address: str) -> None:
        """Take a place before the work, so that many at once are counted too. Refused `limited` when there is none."""
        at = self._at(address)
        filled = take(self._buckets[at], self._clock(), FAILURES)
        if filled is None:
            raise Refused("limited", message="too many sign-ins from your network failed", mend="try again in a minute")
        self._buckets[at] = filled

    def give_back(self, address: str) -> None:
        """The password was right, or was never looked at: as if the place had not been taken."""
        at = self._at(address)
        self._buckets[at] = give_back(self._buckets[at], FAILURES)

    def _at(self, address: str) -> int:
        digest = blake2b(_network(address).encode(), key=self._key, digest_size=4).digest()
        return int.from_bytes(digest, "big") % BUCKETS


def _network(address: str) -> str:
    """One name for all whose address is not known: they share a limit."""
    try:
        found = ip_address(address)
    except ValueError:
        return "unknown"
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{int(found) >> (128 - IPV6_NETWORK):x}/{IPV6_NETWORK}"
