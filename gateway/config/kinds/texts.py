"""Text, names, flags and words: the plain values of a configuration, and lists of one."""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator
from pydantic import WithJsonSchema as Schema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gateway.config.fault import Fault, pick
from gateway.core.naming import Flaw, group_flaw, label_flaw

MAX_ROUTE_NAME = 200
LABEL_PATTERN = "^[A-Za-z0-9._@+/:-]{1,64}$"


def text(value: object) -> str:
    """The value, if it is text."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool | int):
        raise Fault("{value} is not text", f'quote it: "{str(value).lower()}"')
    raise Fault("{value} stands where a single value should", "write one value")


class OneOrMany:
    """Marks a tuple that may be written as a list or, if it has one member, as that member alone. No member twice."""

    def __init__(self, *, or_none: bool = False) -> None:
        self.or_none = or_none

    def _read(self, members: tuple[object, ...]) -> tuple[object, ...]:
        if not members and not self.or_none:
            raise Fault("is an empty list", "name at least one, or remove the key")
        if len(set(members)) < len(members):
            again = next(at for at, member in enumerate(members) if member in members[:at])
            raise Fault("{value} is listed twice", "remove one of the two", at=(again,))
        return members

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        listed = core_schema.no_info_before_validator_function(as_list, handler(source))
        return core_schema.no_info_after_validator_function(self._read, listed)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        many = handler(schema) | {"uniqueItems": True} | ({} if self.or_none else {"minItems": 1})
        return {"anyOf": [many["items"], many]}


def as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _label(value: object) -> str:
    return _unflawed(value, label_flaw)


def _group(value: object) -> str:
    return _unflawed(value, group_flaw)


def _unflawed(value: object, rule: Callable[[str], Flaw | None]) -> str:
    found = text(value)
    flaw = rule(found)
    if flaw is not None:
        raise Fault(f"{{value}} {flaw.what}", flaw.mend, echoes=True)
    return found


# A scope, route or identity set; a group; a name that a client sends as user of HTTP Basic.
Name = Annotated[str, PlainValidator(_label), Schema({"type": "string", "pattern": LABEL_PATTERN})]
Group = Annotated[str, PlainValidator(_group), Schema({"type": "string", "pattern": LABEL_PATTERN})]


def _basic_user(value: object) -> str:
    found = _label(value)
    if ":" in found:
        raise Fault("{value} cannot be a Basic user name", "a colon ends the user name; leave it out")
    return found


BasicUser = Annotated[
    str, PlainValidator(_basic_user), Schema({"type": "string", "pattern": "^[A-Za-z0-9._@+/-]{1,64}$"})
]


def _brand(value: object) -> str:
    found = text(value)
    if not re.fullmatch(r"[a-z]{2}", found, re.ASCII):
        raise Fault("{value} is not a brand", "use two letters a to z; tokens then start with them")
    return found


Brand = Annotated[str, PlainValidator(_brand), Schema({"type": "string", "pattern": "^[a-z]{2}$"})]


def _one_line(value: object) -> str:
    found = text(value)
    if not found.isprintable() or len(found) > 200:
        raise Fault("{value} is not one line of at most 200 printable characters", "shorten it to one line")
    return found


Line = Annotated[str, PlainValidator(_one_line), Schema({"type": "string", "maxLength": 200})]


def _route_name(value: object) -> str:
    found = text(value)
    if not found or not found.isprintable() or len(found) > MAX_ROUTE_NAME or found != found.strip():
        raise Fault(
            f"{{value}} is not 1 to {MAX_ROUTE_NAME} printable characters on one line",
            "shorten it, without spaces around",
        )
    return found


RouteName = Annotated[
    str, PlainValidator(_route_name), Schema({"type": "string", "minLength": 1, "maxLength": MAX_ROUTE_NAME})
]


def _realm(value: object) -> str:
    found = text(value)
    if not re.fullmatch(r"[ !#-\[\]-~]{1,64}", found):
        raise Fault("{value} is not a realm", 'use 1 to 64 printable ASCII characters without " and \\')
    return found


Realm = Annotated[str, PlainValidator(_realm), Schema({"type": "string", "pattern": r"^[ !#-\[\]-~]{1,64}$"})]


class Word:
    """Marks text that is one of a few words; for another, the nearest is suggested."""

    def __init__(self, *allowed: str, what: str) -> None:
        self.allowed = allowed
        self.what = what

    def _read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.allowed:
            words = "use one of " + ", ".join(self.allowed)
            raise Fault(
                f"{{value}} is not {self.what}", pick(value, self.allowed, words) if isinstance(value, str) else words
            )
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"enum": list(self.allowed)}


def _only_true(value: object) -> Literal[True]:
    if value is not True:
        raise Fault("{value} means nothing here", "write true, or remove the key")
    return True


Flag = Annotated[Literal[True], PlainValidator(_only_true), Schema({"const": True})]


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise Fault("{value} is not true or false", "write true or false, without quotes")
    return value


Boolean = Annotated[bool, PlainValidator(_boolean), Schema({"type": "boolean"})]
