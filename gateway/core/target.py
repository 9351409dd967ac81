"""What is being asked for: canonical host, method, path with its readings, client address. Pure, on bytes.

Every function here turns any bytes at all into a value: a fact that is not exactly well-formed is `Malformed` (or
None), never a guess, a default or an exception. A path that two servers could read differently keeps all its readings
(`gateway.core.readings` holds the rewritings and the invariant); whoever decides must be content with each of them.

The port in the host is dropped, whichever it is: clients choose it freely, proxies do not route by it and nginx's
`$host` has none, so a port that counted would let a client step around a route by naming another one.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gateway.core.network import Address, Networks
from gateway.core.readings import LENIENCES, Reading, read

__all__ = [
    "LENIENCES",
    "Malformed",
    "Reading",
    "Target",
    "client_address",
    "parse_host",
    "parse_target",
    "plain_path",
    "segments_of",
]

MAX_URI_BYTES: Final = 16_384
MAX_HOST_CHARACTERS: Final = 253  # RFC 1035, without the trailing dot
MAX_FORWARDED_ELEMENTS: Final = 64
REMEMBERED: Final = 4096  # hosts, and addresses, that are not parsed again
REMEMBERED_BYTES: Final = 300  # of each at most: longer ones would let a stranger fill the memory, and no host is

# One reading, no escape, nothing irregular: most paths end here. `;` `%` `\\` `#` `:` `~`, a segment that is empty or
# ends in a dot, and everything outside ASCII take the long way, which gives plain paths the same answer.
# No possessive or atomic group: CPython before 3.11.5 lets them match too much (cpython issue 106052).
_PLAIN = rb"(?:/[A-Za-z0-9_.!$&'*+,()=@-]++(?<!\.))*/?"
_PLAIN_PATH = re.compile(_PLAIN)
_PLAIN_URI = re.compile(rb"(?=/)(" + _PLAIN + rb")(?:\?[\x21-\x7e]*)?")
_METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}")
_NAME = re.compile(rb"([a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*)\.?(?::([1-9][0-9]{0,4}))?")
_BRACKETED = re.compile(rb"\[([0-9a-f:.]{2,45})\](?::([1-9][0-9]{0,4}))?")
_IRREGULAR_ON_WINDOWS = re.compile("[. ]\\Z|:|~[0-9]|[\u0130\u0131\u017f\u212a]")  # the letters fold to ASCII in some
_CLIENT_V4 = re.compile(rb"([0-9.]{7,15})(?::[0-9]{1,5})?")
_CLIENT_V6 = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]{2,45})(?:%[0-9A-Za-z._-]+)?\](?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45})(?:%[0-9A-Za-z._-]+)?)"
)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A fact that says nothing trustworthy. `detail` names the fault and never repeats the input."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a client asks a proxy for, canonical.

    `readings` has the plain one first; there are others only where `leniences` says why. `path` is for logs: as it
    came, printable, without the query. `preflight` is a CORS preflight by method and headers. `windows_irregular`: some
    reading has a name that Windows maps to another one (trailing dot or space, stream, short name).
    """

    method: str
    host: str
    readings: tuple[Reading, ...]
    leniences: frozenset[str]
    query: bytes
    path: str
    address: Address | None
    preflight: bool = False
    windows_irregular: bool = False


_NO_LENIENCES: Final[frozenset[str]] = frozenset()


def parse_target(
    *,
    method: bytes,
    uri: bytes,
    host: bytes,
    forwarded_for: bytes,
    skip: Networks,
    preflight: bool,
    weigh: bool = True,
) -> Target | Malformed:
    """Read the four facts. `skip` are the networks of further proxies, passed over in `forwarded_for`.

    `weigh`: whether some route may accept an ambiguous path, so that all of its readings are wanted.
    """
    verb = _verb(method) if len(method) <= REMEMBERED_BYTES else None
    if verb is None:
        return Malformed("the method is not an upper-case token of at most 32 characters")
    name = parse_host(host)
    if name is None:
        return Malformed("the host is not one host name or address")
    if len(uri) > MAX_URI_BYTES:
        return Malformed(f"the URI is longer than {MAX_URI_BYTES} bytes")
    if not uri.startswith(b"/"):
        return Malformed("the URI does not begin with a slash")
    path, _, query = uri.partition(b"?")
    if _PLAIN_PATH.fullmatch(path) is not None:
        text = path.decode("ascii")
        readings: tuple[Reading, ...] = (Reading(tuple(text[1:].split("/"))),)
        leniences, irregular = _NO_LENIENCES, False
    else:
        found = read(path, weigh=weigh)
        if found is None:
            return Malformed("the path has more readings than can be weighed")
        text = _printable(path)
        readings, leniences = found
        irregular = any(_IRREGULAR_ON_WINDOWS.search(part) for reading in readings for part in reading.segments)
    return Target(
        method=verb,
        host=name,
        readings=readings,
        leniences=leniences,
        query=query,
        path=text,
        address=client_address(forwarded_for, skip),
        preflight=preflight and verb == "OPTIONS",
        windows_irregular=irregular,
    )


@lru_cache(maxsize=64)
def _verb(method: bytes) -> str | None:
    return None if _METHOD.fullmatch(method) is None else method.decode("ascii")


def plain_path(uri: bytes) -> bytes | None:
    """The path, as it came, of a URI of printable ASCII that `parse_target` reads in one way; None: another URI."""
    found = _PLAIN_URI.fullmatch(uri)
    return None if found is None else found[1]


def segments_of(path: bytes) -> Sequence[str]:
    """The segments of what `plain_path` found: those of the one reading that `parse_target` has of it."""
    return path[1:].decode("ascii").split("/")


def parse_host(raw: bytes) -> str | None:
    """The canonical host: lower case, without port and one trailing dot; IPv6 compressed, in brackets.

    None: not a host. Names beyond ASCII come as A-labels and stay so; a client that sends them raw is refused.
    """
    return _host(raw) if len(raw) <= REMEMBERED_BYTES else None


@lru_cache(maxsize=REMEMBERED)
def _host(raw: bytes) -> str | None:
    lowered = raw.lower()
    found = _NAME.fullmatch(lowered)
    if found is not None:
        if found.end(1) > MAX_HOST_CHARACTERS or not _is_port(found[2]):
            return None
        return found[1].decode("ascii")
    found = _BRACKETED.fullmatch(lowered)
    if found is None or not _is_port(found[2]):
        return None
    try:
        return f"[{IPv6Address(found[1].decode('ascii')).compressed}]"
    except AddressValueError:
        return None


def client_address(forwarded_for: bytes, skip: Networks) -> Address | None:
    """The client: the last element, passing over `skip` from the right; the first one if all of them are passed over.

    None when an element on that way is not an address.
    """
    rest = forwarded_for
    for _ in range(MAX_FORWARDED_ELEMENTS):
        rest, comma, element = rest.rpartition(b",")
        element = element.strip(b" \t")
        address = _known_address(element) if len(element) <= REMEMBERED_BYTES else _address(element)
        if address is None or not comma or address not in skip:
            return address
    return None


def _address(element: bytes) -> Address | None:
    try:
        found = _CLIENT_V4.fullmatch(element)
        if found is not None:
            return IPv4Address(found[1].decode("ascii"))
        found = _CLIENT_V6.fullmatch(element)
        if found is None:
            return None
        address = IPv6Address((found[1] or found[2]).decode("ascii"))
        return address.ipv4_mapped or address
    except AddressValueError:
        return None


_known_address = lru_cache(maxsize=REMEMBERED)(_address)


def _is_port(digits: bytes | None) -> bool:
    return digits is None or int(digits) <= 65_535


def _printable(path: bytes) -> str:
    return "".join(chr(byte) if 0x20 < byte < 0x7F and byte != 0x5C else f"\\x{byte:02x}" for byte in path)
