"""How often a value that has to be hashed with bcrypt may turn out wrong: per client network, and per RT user.

Fixed memory: two tables of buckets, found by a keyed digest, so that nobody can aim at another's bucket and nothing has
to be evicted (an attacker with many networks would choose what). Two keys in one bucket share its limit.

A place is taken before the work and given back when the value was right, so that many at once are counted too. Nobody
who has used a token here before comes by: such a token is found without bcrypt, whatever others do.
"""

import secrets
from array import array
from collections.abc import Callable
from hashlib import blake2b
from ipaddress import IPv6Address

from gateway.core.limits import Rate, give_back, take
from gateway.core.network import Address

BUCKETS = 8192  # 64 KiB a table
PER_NETWORK = Rate(burst=10, period_s=6.0)
PER_USER = Rate(burst=20, period_s=3.0)
IPV6_NETWORK = 64  # bits: one household, or one host of many addresses


class Failures:
    """The two tables. Loop thread only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self._clock = clock
        self._networks = _Table(PER_NETWORK)
        self._users = _Table(PER_USER)

    def take(self, address: Address | None, user_id: int) -> bool:
        """Take a place in both; False, and nothing taken, when one of them is full."""
        now, network, user = self._clock(), _network(address), str(user_id)
        if not self._networks.take(network, now):
            return False
        if not self._users.take(user, now):
            self._networks.give_back(network)
            return False
        return True

    def give_back(self, address: Address | None, user_id: int) -> None:
        """The value was right, or was never judged: as if the place had not been taken."""
        self._networks.give_back(_network(address))
        self._users.give_back(str(user_id))


class _Table:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._key = secrets.token_bytes(32)
        self._buckets = array("d", bytes(8 * BUCKETS))

    def take(self, name: str, now: float) -> bool:
        at = self._at(name)
        filled = take(self._buckets[at], now, self._rate)
        if filled is None:
            return False
        self._buckets[at] = filled
        return True

    def give_back(self, name: str) -> None:
        at = self._at(name)
        self._buckets[at] = give_back(self._buckets[at], self._rate)

    def _at(self, name: str) -> int:
        digest = blake2b(name.encode("ascii"), key=self._key, digest_size=4).digest()
        return int.from_bytes(digest, "big") % BUCKETS


def _network(address: Address | None) -> str:
    """One name for all whose address is not known: they share a limit."""
    if isinstance(address, IPv6Address):
        return f"{int(address) >> (128 - IPV6_NETWORK):x}/{IPV6_NETWORK}"
    return str(address)
