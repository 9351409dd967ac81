"""The use case behind `routes`: the table as the gateway reads it, groups and defaults folded in.

Who may ask why a request passes may see by which rules; nobody else learns from here what is guarded and how.
"""

from collections.abc import Sequence
from typing import Any

from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without
from gateway.config.kinds.rates import rate_text
from gateway.core.network import Networks
from gateway.core.power import Actor
from gateway.core.routes import Route


def list_routes(desk: Desk, *, actor: Actor) -> Sequence[Route]:
    """Every route, in the order in which they are asked: the first that matches decides."""
    refuse_without(desk, actor, "explain", what="see the routes")
    return desk.settings.routes


def document(route: Route) -> dict[str, Any]:
    """A route as `--json` and the API show it: every key, effective. What has no order is sorted."""
    return {
        "order": route.index + 1,
        "name": route.name,
        "line": route.line,
        "hosts": list(route.hosts),
        "paths": [str(pattern) for pattern in route.paths],
        "methods": None if route.methods is None else sorted(route.methods),
        "from": _members(route.sources),
        "access": route.access.value,
        "any_of": sorted(route.any_of),
        "all_of": sorted(route.all_of),
        "groups": sorted(route.groups),
        "waive_groups_for": sorted(route.waive_groups_for),
        "kinds": None if route.kinds is None else sorted(route.kinds),
        "networks": _members(route.networks),
        "credentials": list(route.credentials),
        "challenge": list(route.challenge),
        "identity": route.identity,
        "authorization": route.authorization if route.app_secret is None else {"secret_file": route.app_secret.source},
        "cookies": route.cookies,
        "lenient": sorted(route.lenient),
        "windows": route.windows,
        "allow_preflight": route.allow_preflight,
        "rate": rate_text(route.rate),
    }


def _members(networks: Networks | None) -> list[str] | None:
    return None if networks is None else [str(member) for member in networks.members]
