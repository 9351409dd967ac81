"""The values of `mail`: a mail server's name, addresses, its password's file, and whose certificates it shows."""

import re
import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.config.kinds.places import resolve
from gateway.config.kinds.secret_lines import SecretLine, read_line
from gateway.config.kinds.texts import text
from gateway.core.naming import email_flaw

_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*", re.ASCII)


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


PasswordFrom = Annotated[SecretLine, PlainValidator(read_line), Schema({"type": "string", "minLength": 1})]


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
