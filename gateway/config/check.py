"""What the sections of a configuration say about each other. Every check finds all it can and stops nothing."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec

from gateway.config.check_portal import check_portal
from gateway.config.fault import Fault, pick
from gateway.config.listen_schema import UnixListener
from gateway.config.places import Places, members
from gateway.config.schema import Document
from gateway.config.written import WrittenRoute
from gateway.config.yaml_nodes import Located, Path, YamlMap
from gateway.core.credential import RT
from gateway.core.naming import label_flaw
from gateway.core.policy import EVERYONE


def check(document: Document, root: YamlMap, routes: Iterable[WrittenRoute], places: Places) -> Iterator[Located]:
    """All contradictions between sections. `document` may have defaults where a section could not be read."""
    known = _Declared(root, document)
    yield from _sockets(document, root, places)
    yield from _holders(root, known, places)
    yield from _identity(root, known, places)
    yield from known.identity_set(places, root, "identity", ("defaults",))
    yield from _both(document, root, routes, places)
    yield from _rt(document, root, routes, places)
    yield from check_portal(document, root, places)
    seen: set[Path] = set()
    for route in routes:
        for part in route.parts():
            if part.path not in seen:
                seen.add(part.path)
                yield from known.route(places, part.node, part.path)


class _Declared:
    """The names that the configuration declares, readable or not: one mistake is one error."""

    def __init__(self, root: YamlMap, document: Document) -> None:
        self.scopes = _keys(root.get("scopes"))
        self.groups = {name for _, name in members(root, "groups", ())}
        self.sets = _keys(root.get("identity")) if "identity" in root else set(document.identity)

    def route(self, places: Places, node: YamlMap, path: Path) -> Iterator[Located]:
        scopes = node.get("scopes")
        named = members(node, "scopes", path)
        if isinstance(scopes, YamlMap):
            named = [found for key in ("any", "all") for found in members(scopes, key, (*path, "scopes"))]
        yield from self._missing(places, named, self.scopes, "scope", "scopes")
        yield from self._missing(places, members(node, "groups", path), self.groups, "group", "groups")
        yield from self._missing(places, members(node, "identity", path), self.sets, "identity set", "identity")

    def identity_set(self, places: Places, root: YamlMap, key: str, path: Path) -> Iterator[Located]:
        node = root.get(str(path[0]))
        if isinstance(node, YamlMap) and key in node:
            yield from self._missing(places, members(node, key, path), self.sets, "identity set", "identity")
        elif "default" not in self.sets:
            fault = Fault("has no set named default, which routes use", "add one, or say defaults: {identity: NAME}")
            yield places.at_key(("identity",), fault)

    def holders(self, places: Places, node: YamlMap, key: str, path: Path) -> Iterator[Located]:
        yield from self._missing(places, members(node, key, path), self.groups | {EVERYONE}, "group", "groups")

    def only(self, places: Places, node: YamlMap, path: Path) -> Iterator[Located]:
        yield from self._missing(places, members(node, "only", path), self.groups, "group", "groups")

    def _missing(
        self, places: Places, named: list[tuple[Path, str]], declared: set[str], what: str, section: str
    ) -> Iterator[Located]:
        for path, name in named:
            if name not in declared and label_flaw(name) is None:  # what is no name at all is told already
                mend = pick(name, declared, f"declare it under {section}")
                yield places.at_value(path, Fault(f"{{value}} is not a declared {what}", mend))


def _keys(node: object) -> set[str]:
    return set(node) if isinstance(node, YamlMap) else set()


def _sockets(document: Document, root: YamlMap, places: Places) -> Iterator[Located]:
    if document.trusted_proxies.unix or "listen" not in root:
        return
    for at, listener in enumerate(document.listen.check):
        if isinstance(listener, UnixListener):
            fault = Fault(
                "is a Unix socket, and trusted_proxies does not trust those: nobody could ask there",
                "add unix to trusted_proxies",
            )
            yield places.at_value(("listen", "check", at), fault)


def _holders(root: YamlMap, known: _Declared, places: Places) -> Iterator[Located]:
    node = root.get("permissions")
    if isinstance(node, YamlMap):
        for key in node:
            yield from known.holders(places, node, key, ("permissions",))


def _identity(root: YamlMap, known: _Declared, places: Places) -> Iterator[Located]:
    """Groups that identity sets name, and header names that differ only in case: proxies take them for one."""
    sets = root.get("identity")
    spelled: dict[str, str] = {}
    if not isinstance(sets, YamlMap):
        return
    for name, headers in sets.items():
        if not isinstance(headers, YamlMap):
            continue
        for header, value in headers.items():
            path: Path = ("identity", name, header)
            before = spelled.setdefault(header.lower(), header)
            if before != header:
                fault = Fault(f"is the header {before} in another spelling", f"write {before} everywhere")
                yield places.at_key(path, fault)
            if isinstance(value, YamlMap):
                yield from known.only(places, value, path)


def _both(document: Document, root: YamlMap, routes: Iterable[WrittenRoute], places: Places) -> Iterator[Located]:
    """Headers that tell the app who asks and are also read as a token: the app would get the token, or we a name."""
    sets = root.get("identity", document.identity)
    told = sets.values() if isinstance(sets, dict) else ()
    identity = {header.lower() for headers in told if isinstance(headers, dict) for header in headers}
    for path, credential in _credentials(root, routes):
        if credential.lower().removeprefix("header:") in identity and credential.startswith("header:"):
            fault = Fault("{value} is also an identity header", "take another header for one of the two")
            yield places.at_value(path, fault)


def _rt(document: Document, root: YamlMap, routes: Iterable[WrittenRoute], places: Places) -> Iterator[Located]:
    """Tokens of Request Tracker are taken for a time that somebody chose, and need a package of their own."""
    until_is_there = "rt_until" in _keys(root.get("import")) or document.import_.rt_until is not None
    for path, credential in _credentials(root, routes):
        if credential == RT and not until_is_there:
            fault = Fault(
                "lists rt, and import.rt_until does not say how long tokens of Request Tracker are taken",
                'add import: {rt_until: "2027-06-30"}, with your own last day',
            )
            yield places.at_value(path, fault)
        if credential == RT and find_spec("bcrypt") is None:
            fault = Fault(
                "lists rt, and the package bcrypt is not installed", "install token-gateway[import], or remove rt"
            )
            yield places.at_value(path, fault)


def _credentials(root: YamlMap, routes: Iterable[WrittenRoute]) -> list[tuple[Path, str]]:
    """Every transport that is written anywhere, with its place."""
    defaults = root.get("defaults")
    listed = members(defaults, "credentials", ("defaults",)) if isinstance(defaults, YamlMap) else []
    parts = {part.path: part.node for route in routes for part in route.parts() if part.says("credentials")}
    for path, node in parts.items():
        listed += members(node, "credentials", path)
    return listed
