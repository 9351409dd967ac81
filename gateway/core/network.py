"""Sets of IP networks: what `networks`, `from` and `trusted_proxies` are compiled to."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class _Ranges:
    """Numbers in closed ranges that neither overlap nor touch, so that one bisection finds the range of a number."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in sorted(ranges):
            if self._ends and start <= self._ends[-1] + 1:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def hold(self, start: int, end: int) -> bool:
        at = bisect_right(self._starts, start) - 1
        return at >= 0 and end <= self._ends[at]

    def held_by(self, other: "_Ranges") -> bool:
        return all(other.hold(start, end) for start, end in zip(self._starts, self._ends, strict=True))


@dataclass(frozen=True, slots=True)
class Networks:
    """A set of networks, in the order given. IPv4-mapped IPv6 addresses are unmapped by whoever reads them."""

    members: tuple[Network, ...]
    _v4: _Ranges = field(init=False, repr=False, compare=False)
    _v6: _Ranges = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, version in (("_v4", 4), ("_v6", 6)):
            ranges = _Ranges(_range(block) for block in self.blocks() if block.version == version)
            object.__setattr__(self, name, ranges)  # derived; the value stays frozen

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Networks":
        """Parse `10.0.0.0/8` or a single address. ValueError for host bits, names, zones and anything else."""
        return cls(tuple(map(_parsed, texts)))

    def __contains__(self, address: Address) -> bool:
        number = int(address)
        return (self._v4 if isinstance(address, IPv4Address) else self._v6).hold(number, number)

    def blocks(self) -> Iterator[Network]:
        """The members as addresses are held against them: IPv4-mapped ones as the IPv4 networks that they mean."""
        return map(_unmapped, self.members)

    def covers(self, other: "Networks") -> bool:
        """Whether every address of `other` is one of these."""
        return other._v4.held_by(self._v4) and other._v6.held_by(self._v6)

    def __str__(self) -> str:
        return ", ".join(map(str, self.members))


def _parsed(text: str) -> Network:
    # What stands behind a `%` may be any text to `ipaddress`: spaces, control characters, a second network.
    if "%" in text:
        raise ValueError("a network has no zone")
    return ip_network(text, strict=True)


def _range(network: Network) -> tuple[int, int]:
    return int(network.network_address), int(network.broadcast_address)


def _unmapped(network: Network) -> Network:
    """`::ffff:10.0.0.0/104` is `10.0.0.0/8`: the addresses that it is asked about come unmapped."""
    if isinstance(network, IPv6Network) and network.prefixlen >= 96:
        address = network.network_address.ipv4_mapped
        if address is not None:
            return IPv4Network((int(address), network.prefixlen - 96))
    return network
