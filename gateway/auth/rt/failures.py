"""How often a value that has to be hashed with bcrypt may turn out wrong: per client network, and per RT user.

Of one network one value at a time is hashed, so that the few places for bcrypt are shared between networks: whoever
guesses waits for himself. The user's limit holds only for networks that have failed themselves, so that nobody's
failures elsewhere keep the holder of a right token out.

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
from typing import NamedTuple

from gateway.core.limits import Rate, give_back, take
from gateway.core.network import Address

BUCKETS = 8192  # 64 KiB a table
PER_NETWORK = Rate(burst=10, period_s=6.0)
PER_USER = Rate(burst=20, period_s=3.0)
IPV6_NETWORK = 64  # bits: one household, or one host of many addresses


class Place(NamedTuple):
    """What was taken for one try. `user`: None when the user's table was full, and the network a stranger to it."""

    network: str
    user: str | None


class Failures:
    """The two tables, and the networks whose value is being hashed. Loop thread only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock`: seconds that never go back."""
        self._clock = clock
        self._networks = _Table(PER_NETWORK)
        self._users = _Table(PER_USER)
        self._busy: set[str] = set()

    def is_busy(self, address: Address | None) -> bool:
        """Whether a value from this network is being hashed, or waits for it."""
        return _network(address) in self._busy

    def take(self, address: Address | None, user_id: int) -> Place | None:
        """Take a place for a network that is not busy; None, and nothing taken, when it may not try now.

        Every place has to be handed to `end`.
        """
        now, network, user = self._clock(), _network(address), str(user_id)
        is_stranger = self._networks.is_empty(network, now)
        if not self._networks.take(network, now):
            return None
        has_room = self._users.take(user, now)
        if not has_room and not is_stranger:
            self._networks.give_back(network)
            return None
        self._busy.add(network)
        return Place(network, user if has_room else None)

    def end(self, place: Place, *, is_failure: bool) -> None:
        """The try is over. No failure (the value was right, or was never judged): as if no place had been taken."""
        self._busy.discard(place.network)
        if is_failure:
            return
        self._networks.give_back(place.network)
        if place.user is not None:
            self._users.give_back(place.user)


class _Table:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._key = secrets.token_bytes(32)
        self._buckets = array("d", bytes(8 * BUCKETS))

    def is_empty(self, name: str, now: float) -> bool:
        return self._buckets[self._at(name)] <= now

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
