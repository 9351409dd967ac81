"""The JSON Schema of the configuration (2020-12), for editors, for the reference, and for suggestions in errors."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from gateway.config.schema import Document

Schema = dict[str, Any]


class _Generator(GenerateJsonSchema):
    """Leaves out what would mislead an editor: null, which is never accepted, and defaults in our internal form."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


@cache
def json_schema() -> Schema:
    """The schema of what an operator may write. Shared: not to be changed."""
    schema = Document.model_json_schema(schema_generator=_Generator)
    _adapt(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Token Gateway configuration", **schema}


def keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are known in the mapping at this path; empty where keys are free."""
    nodes = list(_alternatives(json_schema()))
    for step in path:
        below = [found for node in nodes for found in _below(node, step)]
        nodes = [found for node in below for found in _alternatives(node)]
    return list(dict.fromkeys(key for node in nodes for key in node.get("properties", {})))


def every_key() -> list[str]:
    """Every key as the reference calls it: `listen.check.mode`, `routes.host`, `identity.<name>.<name>.field`.

    Lists add nothing to the name, and the children of a group of routes have the keys of routes.
    """
    names = (name.replace("routes.routes.", "routes.") for name in _keys_below("", json_schema()))
    return list(dict.fromkeys(names))


def _keys_below(prefix: str, schema: Schema) -> Iterator[str]:
    for node in _alternatives(schema):
        for key, value in node.get("properties", {}).items():
            name = f"{prefix}.{key}" if prefix else key
            yield name
            yield from _keys_below(name, value)
        if isinstance(node.get("items"), dict):
            yield from _keys_below(prefix, node["items"])
        for value in _free(node):
            yield from _keys_below(f"{prefix}.<name>", value)


def _alternatives(schema: Schema) -> Iterator[Schema]:
    """The schema with references followed, and each of its alternatives."""
    if "$ref" in schema:
        yield from _alternatives(json_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]])
        return
    yield schema
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _alternatives(branch)


def _below(schema: Schema, step: str | int) -> list[Schema]:
    if isinstance(step, int):
        return [schema["items"]] if "items" in schema else []
    named = schema.get("properties", {}).get(step)
    return [named] if named is not None else _free(schema)


def _free(schema: Schema) -> list[Schema]:
    """The schemas of values whose keys the operator chooses."""
    more = schema.get("additionalProperties")
    return [*schema.get("patternProperties", {}).values(), *([more] if isinstance(more, dict) else [])]


def _adapt(node: object) -> None:
    """Bend what pydantic writes: no titles that repeat the key, no free keys beside the pattern, `${...}` anywhere."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if node.get("type") == "string" and "pattern" in node:
            node["pattern"] += "|\\$\\{"
        if "patternProperties" in node:
            node["additionalProperties"] = False
        for value in node.values():
            _adapt(value)
    elif isinstance(node, list):
        for value in node:
            _adapt(value)
