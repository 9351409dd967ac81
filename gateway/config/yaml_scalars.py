"""Scalars without quotes: text, a number or a boolean to every version of YAML, or refused."""

import re

import yaml

from gateway.config.fault import Fault, shown

_BOOLEAN_1_1 = frozenset(
    "y Y yes Yes YES n N no No NO True TRUE False FALSE on On ON off Off OFF".split()  # noqa: SIM905  # reads as YAML
)
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_SUSPICIOUS = frozenset(first for first in yaml.SafeLoader.yaml_implicit_resolvers if first) | frozenset("yYnN")
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)
_WORDS = {
    "tag:yaml.org,2002:int": "a number (octal, hexadecimal, sexagesimal or very long)",
    "tag:yaml.org,2002:float": "a number with a fraction, or a time of day",
    "tag:yaml.org,2002:timestamp": "a date",
}


def read_plain(text: str) -> str | int | bool | Fault:
    """The value of a scalar without quotes; a fault where versions of YAML disagree on it, or it is nothing."""
    if text in ("true", "false"):
        return text == "true"
    fault = _surprise(text)
    if fault is not None:
        return fault
    return int(text) if _INTEGER.fullmatch(text) else text


def surprises(text: str) -> bool:
    """Whether the text, written without quotes, would be refused or read as something else."""
    return read_plain(text) != text


def _surprise(text: str) -> Fault | None:
    if text and text[0] not in _SUSPICIOUS:
        return None
    if text in _NULL:
        return Fault("has no value", "give it one, or remove the key")
    if text in _BOOLEAN_1_1:
        return Fault(f"{text} is a boolean in YAML 1.1 and text in 1.2", f'write true or false, or quote it: "{text}"')
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[0], ())
    tag = next((tag for tag, pattern in resolvers if pattern.match(text)), None)
    if tag == "tag:yaml.org,2002:merge":
        return Fault("is a merge key (<<)", "write the keys out; merging is not read")
    if tag is None or _INTEGER.fullmatch(text) or tag == "tag:yaml.org,2002:bool":
        return None
    words = _WORDS.get(tag, "something other than text")
    return Fault(f"{shown(text)} reads as {words} in YAML 1.1", f'quote it: "{text}"')
