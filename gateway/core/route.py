"""A route: host + path + methods (+ from) -> who may pass; and what it means that a route matches.

`mismatch` and `stop` are the specification of matching, one route at a time and in words. `explain` shows them, and the
index (`gateway.core.routes`) is tested against them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.core.app_secret import AppSecret
from gateway.core.limits import Rate
from gateway.core.network import Networks
from gateway.core.patterns import PathPattern, fold
from gateway.core.reason import Reason
from gateway.core.target import Reading, Target
from gateway.core.token import Kind


class Access(StrEnum):
    """What a route asks for."""

    PUBLIC = "public"
    DENY = "deny"
    AUTHENTICATED = "authenticated"
    SCOPES = "scopes"


_ANYONE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One compiled route. `methods` None is every method, and holds HEAD wherever it holds GET; `sources` is `from`.

    Of `any_of` and `all_of` at most one is filled, for `Access.SCOPES` only. `kinds` and `networks`: None is any.
    `app_secret` is what the app gets as Authorization, where the client's is stripped for that. `rate` holds for each
    token, and where nobody is known for each client network.
    """

    index: int
    name: str
    line: int
    hosts: tuple[str, ...]
    paths: tuple[PathPattern, ...]
    methods: frozenset[str] | None = None
    sources: Networks | None = None
    access: Access = Access.DENY
    any_of: frozenset[str] = _ANYONE
    all_of: frozenset[str] = _ANYONE
    groups: frozenset[str] = _ANYONE
    waive_groups_for: frozenset[Kind] = frozenset()
    kinds: frozenset[Kind] | None = None
    networks: Networks | None = None
    credentials: tuple[str, ...] = ("bearer", "token", "basic")
    challenge: tuple[str, ...] = ()
    identity: str = "default"
    authorization: str = "strip"
    app_secret: AppSecret | None = None
    cookies: str = "keep"
    lenient: frozenset[str] = _ANYONE
    windows: bool = False
    allow_preflight: bool = False
    rate: Rate | None = None

    def __post_init__(self) -> None:
        if not self.hosts or not self.paths:
            raise ValueError("a route has at least one host and one path")

    def __hash__(self) -> int:
        """Of what tells the routes of a table apart: answers are looked up by route, and all fields take long."""
        return hash((self.index, self.name))


@dataclass(frozen=True, slots=True)
class Match:
    """What one reading of a path asks for: the route that decides, and the segment that `{login}` stood at.

    With several paths in one route, one without `{login}` counts before those with it, and those in written order.
    """

    route: Route
    login: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A route that can neither be said to match nor be passed over: the request is refused, whatever comes later."""

    reason: Reason
    route: Route


def stop(route: Route, target: Target, reading: Reading) -> Reason | None:
    """Why the route stops the request though it cannot be matched; None where it need not.

    `from` without a client address: it would be a guess to take the route, and a fall-through to skip it. Likewise a
    Windows route, on its host, when the path has a name that only Windows maps to a file (`/admin./x`, `/PROGRA~1`).
    """
    if not _host_matches(route, target.host) or not _method_matches(route, target):
        return None
    unknown = target.address is None and route.sources is not None
    if route.windows and target.windows_irregular:
        return Reason.AMBIGUOUS_REQUEST if unknown or _source_matches(route, target) else None
    return Reason.NO_ADDRESS if unknown and path_of(route, reading) is not None else None


def mismatch(route: Route, target: Target, reading: Reading) -> str | None:
    """In words, why the route does not match; None if it does. Ask `stop` first."""
    if not _host_matches(route, target.host):
        return f"host {target.host} is not {' or '.join(route.hosts)}"
    if route.windows and target.windows_irregular:
        return "the path has a name that only Windows maps to a file"
    if path_of(route, reading) is None:
        return f"the path is not {' or '.join(map(str, route.paths))}"
    if not _method_matches(route, target):
        return f"method {target.method} is not {' or '.join(sorted(route.methods or ()))}"
    if not _source_matches(route, target):
        where = "not known" if target.address is None else str(target.address)
        return f"the client address is {where}, the route holds from {route.sources}"
    return None


def path_of(route: Route, reading: Reading) -> PathPattern | None:
    """The path of the route that matches, in the order that `Match` documents."""
    segments = tuple(map(fold, reading.segments)) if route.windows else reading.segments
    for pattern in sorted(route.paths, key=lambda pattern: pattern.login_at is not None):
        if (pattern.folded() if route.windows else pattern).matches(segments):
            return pattern
    return None


def _host_matches(route: Route, host: str) -> bool:
    return any(_covers_host(pattern, host) for pattern in route.hosts)


def _covers_host(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        label, _, rest = host.partition(".")
        return label != "" and rest == pattern[2:]
    return pattern in {"*", host}


def _method_matches(route: Route, target: Target) -> bool:
    if route.methods is None or target.method in route.methods:
        return True
    return route.allow_preflight and target.preflight and target.method == "OPTIONS"


def _source_matches(route: Route, target: Target) -> bool:
    return route.sources is None or (target.address is not None and target.address in route.sources)
