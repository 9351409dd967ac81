"""What the operator wrote, compiled: all that a decision needs beside the request, the credential and the moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from gateway.core.credential import header_names
from gateway.core.identity import IdentitySets
from gateway.core.routes import RouteTable

EVERYONE = "everyone"
PERMISSIONS = frozenset({"own_tokens", "any_tokens", "users", "applications", "audit", "explain", "introspect"})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One generation of the configuration. It is replaced whole, never changed."""

    table: RouteTable
    identity: IdentitySets
    permissions: Mapping[str, frozenset[str]]  # permission -> groups that hold it; `everyone` stands for all
    basic_users: frozenset[str] = frozenset()
    brand: str = "tg"
    rt_until: datetime | None = None  # from then on no token of Request Tracker is taken; None: none at all
    reconfirm_every: timedelta | None = None  # how long the single sign-on's word for a person counts; None: for ever

    @cached_property
    def credential_headers(self) -> frozenset[bytes]:
        """Lower-case names of every header in which some route looks for a credential, `authorization` always."""
        return frozenset({b"authorization"}).union(*(header_names(route.credentials) for route in self.table.routes))

    @cached_property
    def strips_cookies(self) -> bool:
        """Whether some route keeps cookies from its app, so that cookies travel through our answers."""
        return any(route.cookies == "strip" for route in self.table.routes)

    def takes_rt(self, now: datetime) -> bool:
        """Whether tokens of Request Tracker are taken at this moment, by routes that list `rt`."""
        return self.rt_until is not None and now < self.rt_until

    @cached_property
    def accepts_ambiguity(self) -> bool:
        """Whether some route is lenient, so that the readings of an ambiguous path have to be weighed."""
        return any(route.lenient for route in self.table.routes)

    def holds(self, permission: str, groups: tuple[str, ...]) -> bool:
        """Whether somebody in these groups holds the permission."""
        holders = self.permissions.get(permission, frozenset())
        return EVERYONE in holders or not holders.isdisjoint(groups)
