"""What a route says that cannot all be meant, and routes that can never decide."""

from collections.abc import Iterator, Sequence

from gateway.config.fault import Fault
from gateway.config.places import Places
from gateway.config.schema import Defaults
from gateway.config.written import Part, WrittenRoute
from gateway.config.yaml_nodes import Located, YamlMap
from gateway.core.routes import Route, covered_by

_ONE_ACCESS = "say one of scopes, authenticated: true, public: true, deny: true"
_DEMANDS = ("groups", "kinds", "networks")
_OF_CREDENTIALS = (*_DEMANDS, "waive_groups_for", "credentials", "challenge", "identity", "allow_preflight")
_OF_PASSING = ("authorization", "cookies", "lenient", "rate")


def check_routes(routes: Sequence[WrittenRoute], defaults: Defaults, places: Places) -> Iterator[Located]:
    """All contradictions within routes and groups, and names that are there twice."""
    named: dict[str, int] = {}
    for group in {route.group.path: route.group for route in routes if route.group is not None}.values():
        yield from _one_access(group, places)
    for route in routes:
        yield from _one_access(route.own, places)
        yield from _complete(route, places)
        yield from _contradictions(route, places)
        yield from _challenge(route, defaults, places)
        if route.name is not None:
            line = named.get(route.name)
            if line is None:
                named[route.name] = route.line
            else:
                fault = Fault(f"{{value}} is also the name of the route at line {line}", "give each a name of its own")
                yield places.at_value((*route.own.path, "name"), fault)


def check_coverage(routes: Sequence[Route], written: Sequence[WrittenRoute], places: Places) -> Iterator[Located]:
    """Routes that never decide, since an earlier one matches whatever they match."""
    for covered, earlier in covered_by(routes):
        fault = Fault(
            f"never decides: the route {earlier.name} at line {earlier.line} comes first and matches all that this one "
            f"at line {covered.line} does",
            "move it up, or remove one of the two",
        )
        yield places.at_value(written[covered.index].own.path, fault)


def _one_access(part: Part, places: Places) -> Iterator[Located]:
    if len(part.access) > 1:
        fault = Fault(f"says {' and '.join(part.access)}, and only one can hold", _ONE_ACCESS)
        yield places.at_key((*part.path, part.access[1]), fault)


def _complete(route: WrittenRoute, places: Places) -> Iterator[Located]:
    path = route.own.path
    if not any(part.access for part in route.parts()):
        yield places.at_value(path, Fault("does not say who may pass", _ONE_ACCESS))
    if route.where("host") is None:
        yield places.at_value((*path, "host"), Fault("is missing", 'write the host, or host: "*" for any'))
    if route.where("path") is None:
        yield places.at_value((*path, "path"), Fault("is missing", 'write the path, or path: "/**" for all'))


def _contradictions(route: WrittenRoute, places: Places) -> Iterator[Located]:
    own, access = route.own, route.access
    if access in ("public", "deny"):
        who = "lets everybody pass, and looks at no credential" if access == "public" else "lets nobody pass"
        for key in _OF_CREDENTIALS if access == "public" else (*_OF_CREDENTIALS, *_OF_PASSING):
            if own.says(key):
                yield places.at_key((*own.path, key), Fault(f"has no meaning here: the route {who}", "remove it"))
        yield from _login(route, access, places)
    if access == "public" and isinstance(own.node.get("authorization"), YamlMap):
        fault = Fault("has no meaning here: nobody is known whom the app could trust", "say strip or keep")
        yield places.at_value((*own.path, "authorization"), fault)
    if access == "public" and route.group is not None:
        for key in _DEMANDS:
            if route.group.says(key) and not own.says(key):
                line = places.key((*route.group.path, key)).line
                fault = Fault(
                    f"does not hold the {key} of its group (line {line}): the route lets everybody pass",
                    "move the route out of the group; from limits where a public route matches",
                )
                yield places.at_key((*own.path, "public"), fault)
    if own.says("waive_groups_for") and route.where("groups") is None:
        yield places.at_key(
            (*own.path, "waive_groups_for"), Fault("waives groups, and none are asked for", "remove it")
        )


def _login(route: WrittenRoute, access: str, places: Places) -> Iterator[Located]:
    if any(pattern.login_at is not None for pattern in route.effective("path") or ()):
        fault = Fault(f"{{login}} has no meaning on a route that says {access}: no owner is known", "write * instead")
        part = route.where("path") or route.own
        yield places.at_value((*part.path, "path"), fault)


def _challenge(route: WrittenRoute, defaults: Defaults, places: Places) -> Iterator[Located]:
    part = route.where("challenge")
    if part is None or route.access in (None, "public", "deny") or _broken(route, "credentials"):
        return
    credentials = route.effective("credentials") or defaults.credentials
    for scheme in route.effective("challenge") or ():
        if scheme not in credentials:
            fault = Fault(
                f"names {scheme}, which the route at line {route.line} does not accept",
                f"add {scheme} to its credentials, or remove it here",
            )
            yield places.at_value((*part.path, "challenge"), fault)


def _broken(route: WrittenRoute, key: str) -> bool:
    part = route.where(key)
    return part is not None and key in part.broken
