"""Files with the credential that an app gets from the gateway: one for all, or a folder with one for each login.

They are read when the configuration is: a request never opens a file, and no login is ever made part of a path. No
message repeats what a file holds.
"""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault, shown
from gateway.config.kinds.places import resolve
from gateway.core.app_secret import AppSecret
from gateway.core.naming import label_flaw

MAX_VALUE_BYTES = 4096  # with 3 kB of identity an answer still fits into the buffers of every printed config
MAX_FILES = 10_000

_VALUE = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_LINE_END = re.compile(rb"\r?\n\Z")
_OTHERS = stat.S_IROTH | stat.S_IWOTH


def _app_secret(value: object, info: ValidationInfo) -> AppSecret:
    path = resolve(value, info)
    context: dict[str, Any] = info.context or {}
    read: dict[Path, AppSecret] = context["app_secrets"]  # routes that name one file share what was read
    if path not in read:
        read[path] = read_app_secret(path)
    return read[path]


SecretFile = Annotated[AppSecret, PlainValidator(_app_secret), Schema({"type": "string", "minLength": 1})]


def read_app_secret(path: Path) -> AppSecret:
    """Read the file, or every file of the folder. Fault when one of them cannot be used, or others could read it."""
    with _told_as("{value}"):
        mode = path.stat().st_mode
        names = _names(path, mode) if stat.S_ISDIR(mode) else None
    if names is None:
        return AppSecret(source=str(path), shared=_file(path, "{value}", reachable=True))
    reachable = bool(mode & stat.S_IXOTH)
    values = {name: _file(path / name, f"{shown(name)} in {{value}}", reachable=reachable) for name in names}
    return AppSecret(source=str(path), by_login=values)


@contextlib.contextmanager
def _told_as(called: str) -> Iterator[None]:
    """What the system refuses, as a fault of what is called so."""
    try:
        yield
    except FileNotFoundError:
        raise _fault(f"{called} does not exist", "write the file, or correct the path") from None
    except OSError as error:
        raise _fault(f"{called} cannot be read: {error.strerror}", "check the path and who may read it") from None


def _fault(what: str, mend: str) -> Fault:
    """`{value}` alone repeats nothing of the value; a name beside it is one that was found in the folder."""
    return Fault(what, mend, echoes=" in {value}" in what)


def _names(path: Path, mode: int) -> list[str]:
    """The logins that the folder has files for."""
    if mode & stat.S_IWOTH:
        raise Fault("others can write into {value}", "chmod o-rwx it")
    with os.scandir(path) as entries:
        # `..data` of Kubernetes and an editor's swap file begin with a dot, and are no login's file.
        names = sorted(entry.name for entry in islice(entries, MAX_FILES + 1) if not entry.name.startswith("."))
    if len(names) > MAX_FILES:
        raise Fault(f"{{value}} holds more than {MAX_FILES} files", "is this the folder?")
    if not names:
        raise Fault("{value} holds no file", "write one for each login, named as the login")
    for name in names:
        if label_flaw(name) is not None:
            raise Fault(f"{{value}} holds {shown(name)}, which is no login", "name each file as the login", echoes=True)
    return names


def _file(path: Path, called: str, *, reachable: bool) -> bytes:
    """The one line of a file. `reachable`: others can come to it, so that its own mode must keep them off."""
    with _told_as(called), open(path, "rb", opener=_open) as file:
        mode = os.fstat(file.fileno()).st_mode
        raw = file.read(MAX_VALUE_BYTES + 3) if stat.S_ISREG(mode) else b""
    if not stat.S_ISREG(mode):
        raise _fault(f"{called} is neither a file nor a folder of files", "check the path")
    if reachable and mode & _OTHERS:
        raise _fault(f"others can read or write {called}", "chmod o-rwx it")
    line = _LINE_END.sub(b"", raw)
    if len(line) > MAX_VALUE_BYTES:
        raise _fault(f"{called} holds more than {MAX_VALUE_BYTES} bytes", "is this the file?")
    if not _VALUE.fullmatch(line):
        raise _fault(
            f"{called} is not one line of printable ASCII",
            "write the whole value of Authorization, such as: token 1-14-abc",
        )
    return line


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO would hold up the start
