"""The JSON Schema accepts what the gateway accepts, refuses unknown keys, and describes every key in words."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config.json_schema import every_key, json_schema, keys_at

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[2] / "config.example.yaml"


KNOWN = {
    "$defs", "$ref", "$schema", "additionalProperties", "anyOf", "const", "description", "enum", "format", "items",
    "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum", "oneOf", "pattern", "patternProperties",
    "properties", "required", "title", "type", "uniqueItems",
}  # fmt: skip
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}


def fits(schema: dict[str, Any], value: Any) -> bool:
    """Whether JSON Schema 2020-12 accepts the value, as far as our schema uses it."""
    assert set(schema) <= KNOWN, f"this test does not know {set(schema) - KNOWN}"
    return all(
        (
            "$ref" not in schema or fits(json_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]], value),
            "anyOf" not in schema or any(fits(branch, value) for branch in schema["anyOf"]),
            "oneOf" not in schema or any(fits(branch, value) for branch in schema["oneOf"]),
            value in schema.get("enum", [value]),
            "const" not in schema or value is schema["const"],
            isinstance(value, TYPES.get(schema.get("type", ""), object)),
            not isinstance(value, str) or fits_text(schema, value),
            not isinstance(value, int) or schema.get("minimum", value) <= value <= schema.get("maximum", value),
            not isinstance(value, list) or fits_list(schema, value),
            not isinstance(value, dict) or fits_mapping(schema, value),
        )
    )


def fits_text(schema: dict[str, Any], value: str) -> bool:
    long_enough = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    return long_enough and re.search(schema.get("pattern", ""), value) is not None


def fits_list(schema: dict[str, Any], value: list[Any]) -> bool:
    long_enough = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
    return long_enough and all(fits(schema.get("items", {}), item) for item in value)


def fits_mapping(schema: dict[str, Any], value: dict[str, Any]) -> bool:
    whole = all(key in value for key in schema.get("required", ()))
    return whole and all(
        fits(below, value[key]) if (below := below_key(schema, key)) is not None else False for key in value
    )


def below_key(schema: dict[str, Any], key: str) -> dict[str, Any] | None:
    """The schema of the value at this key; None when the key is not allowed."""
    patterns = schema.get("patternProperties", {}).items()
    by_pattern: list[dict[str, Any]] = [below for pattern, below in patterns if re.search(pattern, key)]
    named: dict[str, Any] | None = schema.get("properties", {}).get(key, by_pattern[0] if by_pattern else None)
    return named if named is not None or schema.get("additionalProperties") is False else {}


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the schema that describes a mapping."""
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for below in node.values():
            yield from objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from objects(below)


def test_accepts_the_example_and_everything_that_can_be_turned_on_in_it() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")

    for written in (text, re.sub(r"^( *)#(?=[a-z-])", r"\1", text, flags=re.MULTILINE)):
        assert fits(json_schema(), yaml.safe_load(written))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("listen", {"check": ["unix:/run/x", {"unix": "/run/y", "mode": "0660"}]}, id="sockets"),
        pytest.param("public_url", "${PUBLIC_URL}", id="a reference where a pattern stands"),
        pytest.param("groups", "staff", id="one group, alone"),
        pytest.param("routes", [], id="no routes"),
    ],
)
def test_accepts_every_way_to_write_a_value(key: str, value: Any) -> None:
    written = {"public_url": "https://gateway.example.org", "routes": []} | {key: value}

    assert fits(json_schema(), written)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("x", 1, id="an unknown key"),
        pytest.param("routes", [{"host": "a", "path": "/", "scops": "rest"}], id="an unknown key in a route"),
        pytest.param("routes", [{"public": False}], id="public: false"),
        pytest.param("routes", [{"methods": ["GTE"]}], id="no method"),
        pytest.param("routes", [{"scopes": ["a", "b"]}], id="two scopes without any or all"),
        pytest.param("listen", {"check": []}, id="an empty list"),
        pytest.param("tokens", {"brand": "TG"}, id="a pattern"),
        pytest.param("groups", None, id="null"),
        pytest.param("scopes", {"a b": "x"}, id="a name that is none"),
        pytest.param("public_url", 7, id="a number"),
    ],
)
def test_refuses_what_the_gateway_refuses(key: str, value: Any) -> None:
    written = {"public_url": "https://gateway.example.org", "routes": []} | {key: value}

    assert not fits(json_schema(), written)


def test_every_mapping_is_closed() -> None:
    assert all(node.get("additionalProperties") is False for node in objects(json_schema()))


def test_every_key_is_described_in_a_sentence() -> None:
    for node in objects(json_schema()):
        for key, below in node.get("properties", {}).items():
            words = below.get("description") or json_schema()["$defs"][below["$ref"].rsplit("/", 1)[1]]["description"]
            assert re.search(r"[a-z].*[.]$", words), key


def test_knows_which_keys_stand_where() -> None:
    assert keys_at(("logs",)) == ["level", "format"]
    assert keys_at(("identity", "any", "X-User")) == ["field", "only"]
    assert keys_at(("routes", 3, "routes", 0, "scopes")) == ["any", "all"]
    assert "name" in keys_at(("routes", 3, "routes", 0))
    assert keys_at(("scopes",)) == []


def test_names_every_key_once() -> None:
    assert len(every_key()) == len(set(every_key())) > 60
    assert {"listen.check.mode", "routes.scopes.any", "identity.<name>.<name>.only"} <= set(every_key())
