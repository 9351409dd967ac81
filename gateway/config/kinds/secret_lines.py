"""Files that hold one secret on one line: a password for the mail server, what the single sign-on shows.

They are read when the configuration is, so that `config check` finds a file that cannot be read, and a reload takes a
new secret. No message repeats what a file holds.
"""

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationInfo

from gateway.config.fault import Fault
from gateway.config.kinds.places import resolve
from gateway.core.token import Secret

MAX_BYTES = 1024

_SECRET = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_LINE_END = re.compile(rb"\r?\n\Z")


@dataclass(frozen=True, slots=True)
class SecretLine:
    """The one line of a file, and where it was read. `held` is plain: other processes are handed the configuration."""

    source: Path
    held: str = field(repr=False)

    @property
    def secret(self) -> Secret:
        """The secret, for whoever needs it."""
        return Secret(self.held)


def read_line(value: object, info: ValidationInfo) -> SecretLine:
    """Read the file that is named. Fault when it cannot be used, or others could read it."""
    path = resolve(value, info)
    try:
        with open(path, "rb", opener=_open) as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(MAX_BYTES + 3) if stat.S_ISREG(mode) else b""
    except FileNotFoundError:
        raise Fault("{value} does not exist", "write the file, or correct the path") from None
    except OSError as error:
        raise Fault(f"{{value}} cannot be read: {error.strerror}", "check the path and who may read it") from None
    if not stat.S_ISREG(mode):
        raise Fault("{value} is not a file", "check the path")
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Fault("others can read or write {value}", "chmod o-rwx it")
    line = _LINE_END.sub(b"", raw)
    if len(line) > MAX_BYTES or not _SECRET.fullmatch(line):
        raise Fault("{value} is not one line of printable ASCII", "write the secret alone into it")
    return SecretLine(path, line.decode("ascii"))


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO would hold up the start
