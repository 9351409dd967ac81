"""From a fault to an error: where in the file it stands, what the key is called there, and what may be shown of it."""

from collections.abc import Iterable
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config.fault import ConfigError, Fault, pick, shown
from gateway.config.json_schema import keys_at
from gateway.config.yaml_nodes import Located, Mark, Path, YamlList, YamlMap, YamlTree

MAX_SUGGESTIONS = 200  # looking for the nearest name costs 0.1 ms; a file of nothing but unknown keys has a million
_EXAMPLES = {
    "public_url": "public_url: https://gateway.example.org",
    "routes": "routes: [], which denies everything, until you have some",
    "url": "url: sqlite:///token-gateway.db",
    "unix": "unix: /run/token-gateway/check.sock",
    "field": "field: groups",
}


class _Found(NamedTuple):
    """How far a path leads in the tree: the value there, what holds it, and where both stand."""

    path: Path
    mark: Mark
    value: object
    source: str | None


class Places:
    """The tree of a file, asked for places."""

    def __init__(self, root: YamlMap) -> None:
        self._root = root
        self._suggestions = 0

    def value(self, path: Iterable[str | int]) -> _Found:
        """The value at the path, or the nearest one above it."""
        node: object = self._root
        found = _Found((), self._root.mark, node, None)
        for step in path:
            if not _holds(node, step):
                if isinstance(step, str) and step.startswith("<"):  # the name of an alternative in the schema
                    continue
                break
            assert isinstance(node, YamlMap | YamlList)
            value = node[step]  # type: ignore[index]  # _holds says that the step fits the node
            source = node.sources.get(step)
            found = _Found((*found.path, step), node.values_at.get(step, node.mark), value, source)
            node = value
        return found

    def key(self, path: Path) -> Mark:
        """Where the key that ends the path stands."""
        above = self.value(path[:-1])
        if isinstance(above.value, YamlMap) and path[-1] in above.value.keys_at:
            return above.value.keys_at[str(path[-1])]
        return above.mark

    def at_value(self, path: Path, fault: Fault) -> Located:
        """The fault, at the value that the path leads to."""
        return Located(self.value(path).mark, path, fault)

    def at_key(self, path: Path, fault: Fault) -> Located:
        """The fault, at the key that ends the path."""
        return Located(self.key(path), path, fault)

    def from_pydantic(self, error: ValidationError, above: Path = ()) -> list[Located]:
        """Pydantic's findings in our words. `above` leads to what was validated."""
        return [self._translate(detail, above) for detail in error.errors(include_url=False, include_input=False)]

    def word(self, located: Located, file: str) -> ConfigError:
        """The error as the operator reads it."""
        found = self.value(located.path)
        text = shown(found.value) if found.source is None else f"the value of {shown(found.source)}"
        message, mend = located.fault.worded(text, hidden=found.source is not None)
        return ConfigError(
            file=file,
            line=located.mark.line,
            column=located.mark.column,
            key=key_text(located.path),
            message=message,
            mend=mend,
        )

    def _translate(self, detail: ErrorDetails, above: Path) -> Located:
        path = (*above, *detail["loc"])
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, Fault):
            if path and path[-1] == "[key]":
                return self._in_key(path[:-1], cause)
            found = self.value((*path, *cause.at))
            return Located(found.mark, found.path, cause)
        match detail["type"]:
            case "missing":
                holder = self.value(path[:-1])
                key = str(path[-1])
                fault = Fault("is missing", f"write {_EXAMPLES.get(key, key)}")
                return Located(holder.mark, (*holder.path, key), fault)
            case "extra_forbidden":
                holder = self.value(path[:-1])
                key = str(path[-1])
                return self.at_key((*holder.path, key), self._unknown(key, holder.path))
            case "too_short":
                fault = Fault("is an empty list", "name at least one, or remove the key")
            case "model_type" | "model_attributes_type" | "dict_type":
                fault = Fault("{value} stands where a mapping should", "write key: value pairs")
            case "tuple_type":
                fault = Fault("{value} stands where a list should", "write a list")
            case other:
                fault = Fault(f"{{value}} cannot be used here ({other})", "see this key in the configuration reference")
        found = self.value(path)
        return Located(found.mark, found.path, fault)

    def _in_key(self, path: Path, cause: Fault) -> Located:
        key = str(path[-1])
        fault = Fault(cause.what.replace("{value}", shown(key)), cause.mend, echoes=cause.echoes)
        return self.at_key((*self.value(path[:-1]).path, key), fault)

    def _unknown(self, key: str, holder: Path) -> Fault:
        match holder:
            case ("routes", int(), "routes", int()) if key == "routes":
                return Fault("groups of routes do not nest", "write the children out, or make two groups")
            case ("routes", int()) if key == "name":
                return Fault("a group of routes has no name", "name its routes")
        known = keys_at(holder)
        self._suggestions += 1
        if self._suggestions > MAX_SUGGESTIONS:
            return Fault("is not a known key", "see the configuration reference")
        return Fault("is not a known key", pick(key, known, f"known here: {', '.join(known)}"))


def _holds(node: object, step: str | int) -> bool:
    if isinstance(node, YamlMap):
        return step in node
    return isinstance(node, YamlList) and isinstance(step, int) and step < len(node)


def key_text(path: Path) -> str:
    """A path as the operator would say it: `routes[3].scopes.any[1]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            name = step if step.isprintable() and step else ascii(step)
            text += f".{name}" if text else name
    return text or "file"


def members(tree: YamlTree, step: str, path: Path) -> list[tuple[Path, str]]:
    """The texts of a key that takes one or a list, each with its path. Whatever is no text is left out."""
    value = tree.get(step) if isinstance(tree, YamlMap) else None
    at = (*path, step)
    if isinstance(value, str):
        return [(at, value)]
    if isinstance(value, YamlList):
        return [((*at, index), item) for index, item in enumerate(value) if isinstance(item, str)]
    return []
