"""Whole numbers between two bounds, and `unlimited` where a key allows it."""

import re
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gateway.config.fault import Fault

UNLIMITED = "unlimited"
_DIGITS = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Count:
    """Marks an int of at least `least` and at most `most`, which may also come as text from `${...}`."""

    least: int
    most: int

    def read(self, value: object) -> int:
        """The number that somebody wrote. Fault when it is none, or out of bounds."""
        if isinstance(value, str) and _DIGITS.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Fault("{value} is not a whole number", f"write one between {self.least} and {self.most}")
        if not self.least <= value <= self.most:
            raise Fault("{value} is out of bounds", f"write a whole number between {self.least} and {self.most}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        number = {"type": "integer", "minimum": self.least, "maximum": self.most}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{_DIGITS.pattern}$"}]}


@dataclass(frozen=True, slots=True)
class CountOrUnlimited(Count):
    """As `Count`, or None, written `unlimited`."""

    def read_or_unlimited(self, value: object) -> int | None:
        """The number, or None for no limit."""
        if value == UNLIMITED:
            return None
        if isinstance(value, str) and not _DIGITS.fullmatch(value):
            mend = f"write a number between {self.least} and {self.most}, or {UNLIMITED}"
            raise Fault(f"{{value}} is neither a whole number nor {UNLIMITED}", mend)
        return self.read(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read_or_unlimited)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        number = Count.__get_pydantic_json_schema__(self, schema, handler)
        return {"anyOf": [*number["anyOf"], {"const": UNLIMITED}]}
