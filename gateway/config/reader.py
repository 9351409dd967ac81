"""From a file to settings: read, put references in, validate each section, cross-check, compile.

Invariant: any bytes become `Settings` or one `ConfigInvalid` with everything that is wrong. Apart from reading the
file, and the files that it refers to, this is pure, so that a reload can run in a thread.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from gateway.config.check import check
from gateway.config.check_routes import check_coverage, check_routes
from gateway.config.compile import compile_identity, compile_routes
from gateway.config.fault import ConfigError, ConfigInvalid, Fault
from gateway.config.places import Places
from gateway.config.route_schema import RouteEntry, RouteKeys
from gateway.config.schema import Document, StoreSection
from gateway.config.section import Section
from gateway.config.settings import Settings
from gateway.config.substitute import substitute
from gateway.config.written import ACCESS, Part, WrittenRoute
from gateway.config.yaml_nodes import MAX_BYTES, Located, SyntaxFault, YamlList, YamlMap, decode, parse
from gateway.config.yaml_nodes import Path as TreePath

AnySection = TypeVar("AnySection", bound=Section)


def load(path: Path, env: Mapping[str, str]) -> Settings:
    """Read the configuration. ConfigInvalid holds all that is wrong; of broken syntax, the first place."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "not a path"
        raise ConfigInvalid(
            [_about_file(path, f"cannot be read: {reason}", "check the path and who may read it")]
        ) from None
    return read(raw, path=path, env=env)


def read(raw: bytes, *, path: Path, env: Mapping[str, str]) -> Settings:
    """As `load`, for bytes in hand; `path` names them in errors, and relative paths count from its folder."""
    try:
        root, faults = parse(decode(raw))
    except SyntaxFault as syntax:
        what, mend = syntax.fault.worded("", hidden=False)
        raise ConfigInvalid(
            [
                ConfigError(
                    file=str(path),
                    line=syntax.mark.line,
                    column=syntax.mark.column,
                    key="syntax",
                    message=what,
                    mend=mend,
                )
            ]
        ) from None
    folder = path.absolute().parent
    faults += substitute(root, env=env, folder=folder)
    return _Reader(root, faults, path=path, folder=folder).settings()


def _about_file(path: Path, what: str, mend: str) -> ConfigError:
    return ConfigError(file=str(path), line=0, column=0, key="file", message=what, mend=mend)


class _Reader:
    """One reading of one tree: collects faults along the way, and raises them together at the end."""

    def __init__(self, root: YamlMap, faults: list[Located], *, path: Path, folder: Path) -> None:
        self._root = root
        self._known = faults  # of these places, nothing else is said: what follows would only be their consequence
        self._faults: list[Located] = []
        self._path = path
        self._folder = folder
        self._context: dict[str, Any] = {"folder": folder, "app_secrets": {}}
        self._places = Places(root)

    def settings(self) -> Settings:
        """The settings, or ConfigInvalid."""
        root, places = self._root, self._places
        document = self._document()
        written = self._written()
        self._faults += check(document, root, written, places)
        self._faults += check_routes(written, document.defaults, places)
        matching = [route for route in written if route.can_match]
        routes = compile_routes(matching, document.defaults)
        self._faults += check_coverage(routes, matching, places)
        self._raise_if_any()
        store = document.store or StoreSection.model_validate(
            {"url": "sqlite:///token-gateway.db"}, context=self._context
        )
        return Settings(
            source=self._path,
            listen=document.listen,
            public_urls=document.public_url,
            realm=document.realm,
            support_contact=document.support_contact,
            trusted_proxies=document.trusted_proxies,
            client_address=document.client_address,
            store=store,
            key_file=document.key_file or self._folder / "token-gateway.key",
            tokens=document.tokens,
            import_=document.import_,
            portal=document.portal,
            groups=document.groups,
            permissions=document.permissions,
            scopes=document.scopes,
            identity=compile_identity(document.identity),
            defaults=document.defaults,
            limits=document.limits,
            caches=document.caches,
            logs=document.logs,
            mail=document.mail,
            routes=routes,
        )

    def _document(self) -> Document:
        """All sections but the routes, which are many and validated one by one."""
        raw: dict[str, Any] = {**self._root}
        if "routes" in raw:
            raw["routes"] = ()
        found, _ = self._validate(Document, raw, (), {"public_url": ("https://gateway.example.org",), "routes": ()})
        return found

    def _written(self) -> list[WrittenRoute]:
        listed = self._root.get("routes", [])
        if not isinstance(listed, YamlList):
            self._note(("routes",), Fault("{value} stands where a list should", "write a list of routes"))
            return []
        written = []
        for index, node in enumerate(listed):
            path: TreePath = ("routes", index)
            if not isinstance(node, YamlMap):
                self._note(
                    path, Fault("{value} is not a route", "write a mapping such as {host: ..., path: ..., scopes: ...}")
                )
            elif "routes" in node:
                written += self._children(node, path)
            else:
                written.append(WrittenRoute(own=self._part(RouteEntry, node, path), group=None))
        return written

    def _children(self, node: YamlMap, path: TreePath) -> list[WrittenRoute]:
        group = self._part(RouteKeys, node, path)
        listed = node["routes"]
        if not isinstance(listed, YamlList) or not listed:
            self._note((*path, "routes"), Fault("a group without routes", "list its routes, or remove the group"))
            return []
        written = []
        for index, child in enumerate(listed):
            below = (*path, "routes", index)
            if isinstance(child, YamlMap):
                written.append(WrittenRoute(own=self._part(RouteEntry, child, below), group=group))
            else:
                self._note(below, Fault("{value} is not a route", "write a mapping such as {path: ..., scopes: ...}"))
        return written

    def _part(self, model: type[RouteKeys], node: YamlMap, path: TreePath) -> Part:
        raw = node if model is RouteEntry else {key: value for key, value in node.items() if key != "routes"}
        keys, broken = self._validate(model, raw, path, {})
        access = tuple(key for key in ACCESS if key in node)
        return Part(path=path, node=node, keys=keys, broken=broken, access=access)

    def _validate(
        self, model: type[AnySection], raw: Mapping[str, object], path: TreePath, stand_in: Mapping[str, object]
    ) -> tuple[AnySection, frozenset[str]]:
        """The model and the keys that could not be read. These have their defaults, or the stand-in."""
        try:
            return model.model_validate(raw, context=self._context), frozenset()
        except ValidationError as error:
            self._faults += self._places.from_pydantic(error, path)
            broken = frozenset(str(detail["loc"][0]) for detail in error.errors(include_url=False))
        readable = {**stand_in, **{key: value for key, value in raw.items() if key not in broken}}
        return model.model_validate(readable, context=self._context), broken

    def _note(self, path: TreePath, fault: Fault) -> None:
        self._faults.append(self._places.at_value(path, fault))

    def _raise_if_any(self) -> None:
        told = {located.mark for located in self._known}
        faults = self._known + [located for located in self._faults if located.mark not in told]
        if not faults:
            return
        errors = dict.fromkeys(self._places.word(located, str(self._path)) for located in faults)
        raise ConfigInvalid(sorted(errors, key=lambda error: (error.line, error.column)))
