"""Sets of IP networks: what `networks`, `from` and `trusted_proxies` are compiled to."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Networks:
    """A set of networks, in the order given. IPv4-mapped IPv6 addresses are unmapped by whoever reads them."""

    members: tuple[Network, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Networks":
        """Parse `10.0.0.0/8` or a single address. ValueError for host bits, names and anything else."""
        return cls(tuple(ip_network(text, strict=True) for text in texts))

    def __contains__(self, address: Address) -> bool:
        return any(address.version == member.version and address in member for member in self.members)

    def covers(self, other: "Networks") -> bool:
        """Whether every network of `other` lies inside one of these."""
        return all(
            any(inner.version == outer.version and inner.subnet_of(outer) for outer in self.members)  # type: ignore[arg-type]  # same version
            for inner in other.members
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self.members))
