"""The routes as they were written: each with its own keys, and those of the group it stands in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.config.route_schema import RouteEntry, RouteKeys
from gateway.config.yaml_nodes import Path, YamlMap

ACCESS = ("scopes", "authenticated", "public", "deny")
_MATCHING = frozenset(("host", "path", "methods", "from", "paths"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One mapping in `routes`: a route, or what a group says for its children. `broken`: keys that cannot be read."""

    path: Path
    node: YamlMap
    keys: RouteKeys
    broken: frozenset[str]
    access: tuple[str, ...]  # which of scopes, authenticated, public and deny stand here

    def says(self, key: str) -> bool:
        """Whether the key stands here, readable or not."""
        return key in self.node


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRoute:
    """A route and the group it stands in, if it stands in one."""

    own: Part
    group: Part | None

    @property
    def line(self) -> int:
        return self.own.node.mark.line

    @property
    def name(self) -> str | None:
        return self.own.keys.name if isinstance(self.own.keys, RouteEntry) else None

    def where(self, key: str) -> Part | None:
        """The part that says the key, the route itself before its group."""
        for part in self.parts():
            if part.says(key):
                return part
        return None

    def effective(self, key: str) -> Any:
        """The value of the key, the route's own before the group's; None when neither says it."""
        part = self.where(key)
        return None if part is None else getattr(part.keys, "from_" if key == "from" else key)

    @property
    def can_match(self) -> bool:
        """Whether all that a request is matched with is there and readable."""
        broken = any(part.broken & _MATCHING for part in self.parts())
        return not broken and bool(self.effective("host")) and bool(self.effective("path"))

    @property
    def access(self) -> str | None:
        """Who may pass; None when that is not said, not said once, or not readable."""
        for part in self.parts():
            if part.access:
                readable = len(part.access) == 1 and part.access[0] not in part.broken
                return part.access[0] if readable else None
        return None

    def parts(self) -> Iterator[Part]:
        """The route, then its group."""
        yield self.own
        if self.group is not None:
            yield self.group
