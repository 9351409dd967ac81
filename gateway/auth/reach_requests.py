"""Requests that a route stands for, made up for a token, and what a check would decide of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from urllib.parse import quote

from gateway.core.decision import Decision, Deny, choose, decide
from gateway.core.evidence import Proven
from gateway.core.network import Address, Networks
from gateway.core.patterns import LOGIN, PathPattern, covers_host
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.route import Route
from gateway.core.target import Malformed, parse_target

_NO_NETWORKS = Networks(())
# What stands where a pattern takes any segment, and any label: two, since a route before it may name one of them.
_SEGMENTS = ("any", "x0")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Sample:
    """A request that was made up."""

    method: str
    host: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.host}{self.path}"


@dataclass(slots=True)
class Judge:
    """Decides requests that were made up, as if the token's current secret had come with them, and counts them."""

    policy: Policy
    proven: Proven
    now: datetime
    asked: int = 0

    def decide(self, sample: Sample, address: Address | None) -> Decision:
        """What a check would decide."""
        self.asked += 1
        target = parse_target(
            method=sample.method.encode("ascii"),
            uri=sample.path.encode("ascii"),
            host=sample.host.encode("ascii"),
            forwarded_for=b"" if address is None else str(address).encode("ascii"),
            skip=_NO_NETWORKS,
            preflight=False,
            weigh=self.policy.accepts_ambiguity,
        )
        if isinstance(target, Malformed):
            return Deny(reason=Reason.AMBIGUOUS_REQUEST, detail=target.detail)
        demands = choose(self.policy, target)
        if isinstance(demands, tuple):
            return decide(self.policy, target, demands, self.proven, self.now)
        return demands


def samples(route: Route, proven: Proven) -> Iterator[Sample]:
    """Requests that the route stands for, those first that the token's hosts allow."""
    paths = list(sample_paths(route, proven.owner.login))
    methods = [one for one in _METHODS if route.methods is None or one in route.methods]
    methods += sorted((route.methods or frozenset()) - {*methods})
    for host, method, path in product(_hosts(route, proven.token.hosts), methods, paths):
        yield Sample(method, host, path)


def sample_paths(route: Route, login: str) -> Iterator[str]:
    """Paths that the route stands for, `{login}` being this one. At least one."""
    for pattern in route.paths:
        yield from _paths(pattern, login)


def _hosts(route: Route, wanted: frozenset[str] | None) -> list[str]:
    """Hosts of the route. Those that are also the token's come first, and an exact name of it where the route has
    a wildcard.
    """
    named = [_any_host(pattern) for pattern in sorted(wanted or ())]
    mine = [host for host in named if "*" in route.hosts or covers_host(frozenset(route.hosts), host)]
    of_route = [_any_host(pattern) for pattern in route.hosts]
    allowed = [host for host in of_route if wanted is not None and covers_host(wanted, host)]
    return list(dict.fromkeys([*mine, *allowed, *of_route]))


def _any_host(pattern: str) -> str:
    return "any.example" if pattern == "*" else pattern.replace("*", "any", 1)


def _paths(pattern: PathPattern, login: str) -> Iterator[str]:
    """Paths that the pattern stands for, `{login}` being the owner's."""
    for filler in _SEGMENTS:
        between = [] if pattern.suffix is None else [filler]
        parts = [*pattern.prefix, *between, *(pattern.suffix or ())]
        texts = [part if isinstance(part, str) else login if part is LOGIN else filler for part in parts]
        yield "/" + "/".join(quote(text, safe="") for text in texts)
