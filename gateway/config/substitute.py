"""`${NAME}` and `${file:/path}` inside scalars, put in after the YAML was read: whatever a value holds, it stays data.

What is put in is not looked at again, so that a secret may hold `${`. The source text is remembered beside the value:
error messages and `config show` name the source where the value may be a secret.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.config.fault import Fault, shown
from gateway.config.yaml_nodes import Located, YamlMap, YamlTree, steps

MAX_FILE_BYTES = 64 * 1024
_REFERENCE = re.compile(r"\$(?P<literal>\$\{)|\$\{(?P<name>[^}]*)(?P<closed>\}?)")
_TRAILING_NEWLINE = re.compile(r"\r?\n\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def substitute(tree: YamlTree, *, env: Mapping[str, str], folder: Path) -> list[Located]:
    """Put every reference in, in place; a fault for each that names nothing. Relative files count from `folder`."""
    faults = []
    for path, node, step, value in steps(tree):
        if not isinstance(value, str) or "${" not in value:
            continue
        try:
            put_in = expand(value, env=env, folder=folder)
        except Fault as fault:
            faults.append(Located(node.values_at[step], (*path, step), fault))
            continue
        if _is_reference(value):
            node.sources[step] = value
        if isinstance(node, YamlMap):
            node[str(step)] = put_in
        else:
            node[int(step)] = put_in
    return faults


def expand(text: str, *, env: Mapping[str, str], folder: Path) -> str:
    """The text with its references replaced, once, from left to right. Fault when one of them names nothing."""

    def replace(found: re.Match[str]) -> str:
        if found["literal"]:
            return found["literal"]
        name = found["name"]
        if not found["closed"]:
            raise Fault("holds ${ without a closing }", "close it, or write $${ for the characters themselves")
        if name.startswith("file:"):
            return _read(folder / name.removeprefix("file:"))
        if not _NAME.fullmatch(name):
            raise Fault(
                f"{shown('${' + name + '}')} is not a reference",
                "write ${NAME} or ${file:/path}, or $${ for the characters themselves",
            )
        if name not in env:
            raise Fault(f"the environment variable {name} is not set", f"set {name} where the gateway is started")
        return _clean(env[name], f"the environment variable {name}")

    return _REFERENCE.sub(replace, text)


def escape(text: str) -> str:
    """The text as it must be written so that it is read back unchanged."""
    return text.replace("${", "$${")


def _is_reference(text: str) -> bool:
    return any(not found["literal"] for found in _REFERENCE.finditer(text))


def _read(path: Path) -> str:
    name = shown(str(path), most=300)
    try:
        if not path.is_file():  # a FIFO or a device would block the start, or never end
            raise Fault(f"the file {name} does not exist or is not a regular file", "check the path")
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, Fault):
            raise
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise Fault(f"the file {name} cannot be read: {reason}", "check the path and who may read it") from None
    if len(raw) > MAX_FILE_BYTES:
        raise Fault(f"the file {name} is larger than 64 kB", "a value is a line or two; is this the file?")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault(f"the file {name} is not UTF-8", "save it as UTF-8") from None
    return _clean(_TRAILING_NEWLINE.sub("", text), f"the file {name}")


def _clean(text: str, origin: str) -> str:
    if "\0" in text:
        raise Fault(f"{origin} holds a NUL character", "remove it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # os.environ hands out undecodable bytes as lone surrogates
        raise Fault(f"{origin} is not UTF-8", "set it to text in UTF-8") from None
    return text
