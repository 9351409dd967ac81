"""What the operator wrote, compiled: all that a decision needs beside the request, the credential and the moment."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.identity import IdentitySets
from gateway.core.routes import RouteTable

EVERYONE = "everyone"
PERMISSIONS = frozenset({"own_tokens", "any_tokens", "users", "applications", "audit", "explain", "introspect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One generation of the configuration. It is replaced whole, never changed."""

    table: RouteTable
    identity: IdentitySets
    permissions: Mapping[str, frozenset[str]]  # permission -> groups that hold it; `everyone` stands for all
    basic_users: frozenset[str] = frozenset()
    brand: str = "tg"

    def holds(self, permission: str, groups: tuple[str, ...]) -> bool:
        """Whether somebody in these groups holds the permission."""
        holders = self.permissions.get(permission, frozenset())
        return EVERYONE in holders or not holders.isdisjoint(groups)
