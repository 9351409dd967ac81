"""What `portal.sso` says about itself and about other sections: how it is believed, and which groups it gives."""

from collections.abc import Iterator

from gateway.config.fault import Fault, pick
from gateway.config.places import Places, members
from gateway.config.schema import Document
from gateway.config.sso_schema import KEEP
from gateway.config.yaml_nodes import Located, Path, YamlMap
from gateway.core.naming import group_flaw

SSO: Path = ("portal", "sso")
_HEADERS = {"login": "Remote-User", "groups": "Remote-Groups", "name": None, "email": None}
_SECRET = "X-SSO-Secret"


def check_portal(document: Document, root: YamlMap, places: Places) -> Iterator[Located]:
    """All contradictions that `portal.sso` makes."""
    portal = root.get("portal")
    node = portal.get("sso") if isinstance(portal, YamlMap) else None
    if not isinstance(node, YamlMap):
        return
    yield from _one_way(node, places)
    yield from _socket(document, places)
    yield from _names(node, places)
    yield from _groups(node, root, places)


def _one_way(node: YamlMap, places: Places) -> Iterator[Located]:
    """Exactly one way to be believed: addresses and a secret together, or a socket of its own."""
    by_network = [key for key in ("from", "secret_header") if key in node]
    if "socket" in node:
        for key in by_network:
            fault = Fault("is there beside socket, where it would count for nothing", "remove one of the two")
            yield places.at_key((*SSO, key), fault)
    elif not by_network:
        fault = Fault("does not say whose word counts", "add from and secret_header, or socket")
        yield places.at_key(SSO, fault)
    elif by_network == ["from"]:
        fault = Fault(
            "is not enough: whoever gets a request through from there would be anybody",
            "add secret_header, or use socket",
        )
        yield places.at_key((*SSO, "from"), fault)
    elif by_network == ["secret_header"]:
        fault = Fault("is not enough: a secret that is copied would work from anywhere", "add from, or use socket")
        yield places.at_key((*SSO, "secret_header"), fault)


def _socket(document: Document, places: Places) -> Iterator[Located]:
    sso = document.portal.sso
    if sso is not None and sso.socket is not None:
        for at, other in enumerate(document.listen.check):
            if getattr(other, "unix", None) == sso.socket.unix:
                fault = Fault(f"is listen.check[{at}] too", "give it a path of its own")
                yield places.at_value((*SSO, "socket", "unix"), fault)


def _names(node: YamlMap, places: Places) -> Iterator[Located]:
    """One header cannot tell two things."""
    taken: dict[str, str] = {}
    secret = node.get("secret_header")
    if "secret_header" in node:
        named = secret.get("name", _SECRET) if isinstance(secret, YamlMap) else _SECRET
        taken[str(named).lower()] = "secret_header.name"
    written = node.get("headers")
    headers = written if isinstance(written, YamlMap) else {}
    for key, default in _HEADERS.items():
        name = headers.get(key, default)
        if not isinstance(name, str):
            continue
        before = taken.setdefault(name.lower(), f"headers.{key}")
        if before != f"headers.{key}":
            fault = Fault(f"is the header of {before} too", "name another one")
            yield places.at_value((*SSO, "headers", key), fault)


def _groups(node: YamlMap, root: YamlMap, places: Places) -> Iterator[Located]:
    declared = {name for _, name in members(root, "groups", ())}
    written = node.get("groups")
    if written == KEEP:
        return
    named = members(node, "groups", SSO)
    if isinstance(written, YamlMap):
        named = [((*SSO, "groups", key), ours) for key, ours in written.items() if isinstance(ours, str)]
    for path, name in named:
        if name not in declared and group_flaw(name) is None:  # what is no name at all is told already
            mend = pick(name, declared, "declare it under groups")
            yield places.at_value(path, Fault("{value} is not a declared group", mend))
