"""Where things are: addresses to listen on, files, the store, and the public address of the portal."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.config.kinds.texts import text

_HOST_PORT = re.compile(r"(?:\[(?P<six>[^\]]*)\]|(?P<four>[^:\[\]]*)):(?P<port>[0-9]{1,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class TcpListener:
    """An address and a port; the address is an IP address, never a name."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def clashes(self, other: "TcpListener") -> bool:
        """Whether the two cannot both be bound."""
        mine, theirs = ip_address(self.host), ip_address(other.host)
        same = mine == theirs or mine.is_unspecified or theirs.is_unspecified
        return self.port == other.port and mine.version == theirs.version and same


def tcp_listener(value: object) -> TcpListener:
    """`127.0.0.1:9190` or `[::1]:9190`."""
    written = text(value)
    found = _HOST_PORT.fullmatch(written)
    if found is None:
        raise Fault("{value} is not host:port", "write an IP address and a port, such as 127.0.0.1:9190 or [::1]:9190")
    host, port = found["six"] if found["six"] is not None else found["four"], int(found["port"])
    try:
        address = ip_address(host)
    except ValueError:
        mend = (
            "write 127.0.0.1 instead"
            if host == "localhost"
            else "write it as numbers; 0.0.0.0 stands for every interface"
        )
        raise Fault("{value} does not start with an IP address", mend) from None
    if (address.version == 6) != (found["six"] is not None) or "%" in host:
        raise Fault("{value} is not host:port", "write an IPv6 address in brackets and without zone: [::1]:9190")
    if not 1 <= port <= 65535:
        raise Fault("{value} has no usable port", "ports go from 1 to 65535")
    return TcpListener(str(address), port)


Tcp = Annotated[
    TcpListener,
    PlainValidator(tcp_listener),
    Schema({"type": "string", "pattern": r"^(\d+\.\d+\.\d+\.\d+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$"}),
]


def _folder(info: ValidationInfo) -> Path:
    """The folder of the configuration, which `load` gives to every validation."""
    context: dict[str, Any] = info.context or {}
    folder: Path = context["folder"]
    return folder


def resolve(value: object, info: ValidationInfo) -> Path:
    """An absolute path; a relative one counts from the folder of the configuration file."""
    written = text(value)
    if not written or "\0" in written or "\n" in written:
        raise Fault("{value} is not a path", "write the path of a file")
    return _folder(info) / written


FilePath = Annotated[Path, PlainValidator(resolve), Schema({"type": "string", "minLength": 1})]


def _socket_path(value: object, info: ValidationInfo) -> Path:
    path = resolve(value, info)
    if len(str(path).encode("utf-8", "surrogateescape")) > 107:
        raise Fault("{value} is too long for a Unix socket", "the whole path may have 107 bytes; use a shorter folder")
    return path


SocketPath = Annotated[Path, PlainValidator(_socket_path), Schema({"type": "string", "minLength": 1})]


def _mode(value: object) -> int:
    if isinstance(value, int) or not re.fullmatch(r"0[0-7]{3}", text(value), re.ASCII):
        raise Fault("{value} is not a file mode", 'write four octal digits in quotes: "0660"')
    return int(text(value), 8)


FileMode = Annotated[int, PlainValidator(_mode), Schema({"type": "string", "pattern": "^0[0-7]{3}$"})]


def _store_url(value: object, info: ValidationInfo) -> str:
    # A URL may hold a password: no message of this function repeats any of it.
    written = value if isinstance(value, str) else ""
    path = written.removeprefix("sqlite:///")
    if not written.startswith("sqlite:///") or not path or path.startswith(":") or set(path) & set("?\0\n"):
        raise Fault("is not the address of a SQLite database", "write sqlite:///FILE, or sqlite:////ABSOLUTE/FILE")
    resolved = _folder(info) / path
    if "?" in str(resolved):
        raise Fault("the folder of the configuration has a ? in its name", "SQLite addresses cannot hold it; rename it")
    return f"sqlite:///{resolved}"


StoreUrl = Annotated[str, PlainValidator(_store_url), Schema({"type": "string", "pattern": "^sqlite:///[^:?]"})]


def _public_url(value: object) -> str:
    written = text(value)
    mend = "write it as https://gateway.example.org"
    if not written.isascii() or not written.isprintable() or re.search(r"[\s\\<>\"^`{|}]", written):
        raise Fault("{value} is not a URL", f"{mend}; names with other letters in their xn-- form")
    try:
        parts = urlsplit(written)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Fault("{value} is not a URL", mend) from None
    if parts.scheme not in ("http", "https") or not written.startswith(f"{parts.scheme}://"):
        raise Fault("{value} is not an http or https URL", mend)
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise Fault("{value} has no host, or no usable port", mend)
    if "@" in parts.netloc:
        raise Fault("{value} has a user in it", mend)
    if parts.path not in ("", "/") or parts.query or parts.fragment or written.endswith(("?", "#")):
        raise Fault("{value} has a path, a query or a fragment", f"the portal has a host of its own; {mend}")
    if not _is_host(host):
        raise Fault("{value} has a host name that is none", mend)
    if parts.scheme == "http" and not is_loopback(host):
        raise Fault(
            "{value} is http, and not on this host alone: passwords and sessions would pass where others read",
            f"put TLS in front and {mend}; http is for localhost",
        )
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}" + ("" if port is None else f":{port}")


def is_loopback(host: str) -> bool:
    """Whether a URL's host is this machine, however it resolves names (RFC 6761 section 6.3)."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _is_host(host: str) -> bool:
    if ":" in host:
        try:
            return "%" not in host and ip_address(host).version == 6
        except ValueError:
            return False
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    return len(host) <= 253 and re.fullmatch(rf"{label}(\.{label})*", host) is not None


PublicUrl = Annotated[
    str, PlainValidator(_public_url), Schema({"type": "string", "format": "uri", "pattern": "^https?://"})
]
