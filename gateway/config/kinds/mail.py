"""The values of `mail`: a mail server's name, addresses, the file with its password, and whose certificates it shows.

The password is read when the configuration is, so that `config check` finds a file that cannot be read. No message
repeats what a file holds.
"""

import os
import re
import ssl
import stat
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.config.kinds.places import resolve
from gateway.config.kinds.texts import text
from gateway.core.naming import email_flaw
from gateway.core.token import Secret

MAX_PASSWORD_BYTES = 1024

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)
_PASSWORD = re.compile(rb"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_LINE_END = re.compile(rb"\r?\n\Z")


@dataclass(frozen=True, slots=True)
class PasswordFile:
    """The one line of a file, and where it was read. `held` is plain: other processes are handed the configuration."""

    source: Path
    held: str = field(repr=False)

    @property
    def password(self) -> Secret:
        """The password, for whoever logs in."""
        return Secret(self.held)


def _mail_host(value: object) -> str:
    written = text(value)
    try:
        return str(ip_address(written))
    except ValueError:
        pass
    if len(written) > 253 or not _HOST.fullmatch(written):
        raise Fault("{value} is not a host", "write a name such as smtp.example.org, or an IP address; port is apart")
    return written.lower()


MailHost = Annotated[str, PlainValidator(_mail_host), Schema({"type": "string", "minLength": 1, "maxLength": 253})]


def is_loopback(host: str) -> bool:
    """Whether what is sent there never leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _port(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 65535:
        raise Fault("{value} is not a port", "ports go from 1 to 65535")
    return value


Port = Annotated[int, PlainValidator(_port), Schema({"type": "integer", "minimum": 1, "maximum": 65535})]


def _address(value: object) -> str:
    written = text(value)
    flaw = email_flaw(written)
    if flaw is not None or not written:
        raise Fault("{value} is not an e-mail address", "write it as gateway@example.org")
    return written


MailAddress = Annotated[
    str, PlainValidator(_address), Schema({"type": "string", "format": "email", "pattern": "^[^@\\s]+@[^@\\s]+$"})
]


def _user(value: object) -> str:
    written = text(value)
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", written):
        raise Fault("{value} is not 1 to 200 printable ASCII characters without spaces", "write the user's name")
    return written


MailUser = Annotated[str, PlainValidator(_user), Schema({"type": "string", "minLength": 1, "maxLength": 200})]


def _password_file(value: object, info: ValidationInfo) -> PasswordFile:
    path = resolve(value, info)
    try:
        with open(path, "rb", opener=_open) as file:
            mode = os.fstat(file.fileno()).st_mode
            raw = file.read(MAX_PASSWORD_BYTES + 3) if stat.S_ISREG(mode) else b""
    except FileNotFoundError:
        raise Fault("{value} does not exist", "write the file, or correct the path") from None
    except OSError as error:
        raise Fault(f"{{value}} cannot be read: {error.strerror}", "check the path and who may read it") from None
    if not stat.S_ISREG(mode):
        raise Fault("{value} is not a file", "check the path")
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise Fault("others can read or write {value}", "chmod o-rwx it")
    line = _LINE_END.sub(b"", raw)
    if len(line) > MAX_PASSWORD_BYTES or not _PASSWORD.fullmatch(line):
        raise Fault("{value} is not one line of printable ASCII", "write the password alone into it")
    return PasswordFile(path, line.decode("ascii"))


PasswordFrom = Annotated[PasswordFile, PlainValidator(_password_file), Schema({"type": "string", "minLength": 1})]


def _ca_file(value: object, info: ValidationInfo) -> Path:
    path = resolve(value, info)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Fault("{value} holds no certificates", "it must be a PEM file of certificates") from None
    except OSError as error:
        raise Fault(f"{{value}} cannot be read: {error.strerror}", "check the path and who may read it") from None
    return path


CaFile = Annotated[Path, PlainValidator(_ca_file), Schema({"type": "string", "minLength": 1})]


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a FIFO would hold up the start
