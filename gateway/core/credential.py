"""The credential of a request: which values count on a route, and that they agree.

Only transports that the route lists are looked at, and in them everything counts, ours or not: the same value twice is
one, two different values are refused, because two servers could pick a different one of them.
"""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gateway.core.headers import Headers, SingleHeaders
from gateway.core.rt_token import parse_rt_token

MAX_VALUE = 8190  # bytes of one header value; longer ones do not reach us through any proxy
SCHEMES = ("bearer", "token", "basic")
RT = "rt"  # tokens of Request Tracker count too, in the transports listed and as `Authorization: token`

_SCHEME = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


@dataclass(frozen=True, slots=True)
class NoCredential:
    """Nothing in the transports that the route lists."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Two different values, or one header twice with different values."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """The one value that was presented. `token` is empty when the value was malformed in its own transport.

    `basic_user` is the user part of HTTP Basic (RFC 7617), None for every other transport.
    """

    token: bytes
    basic_user: bytes | None = None

    def __repr__(self) -> str:
        return f"Presented({len(self.token)} bytes)"


Credential = NoCredential | Ambiguous | Presented

_NOTHING = NoCredential()
_MALFORMED = Presented(token=b"")


class _Transports(NamedTuple):
    schemes: frozenset[bytes]
    headers: frozenset[bytes]
    looked_at: frozenset[bytes]
    query: frozenset[bytes]
    form: frozenset[bytes]
    rt: bool


@lru_cache(maxsize=1024)
def _compiled(credentials: tuple[str, ...]) -> _Transports:
    def named(prefix: str) -> frozenset[bytes]:
        return frozenset(name.removeprefix(prefix).encode("ascii") for name in credentials if name.startswith(prefix))

    schemes = frozenset(name.encode("ascii") for name in credentials if name in SCHEMES)
    headers = frozenset(name.lower() for name in named("header:"))
    return _Transports(
        schemes,
        headers,
        headers | {b"authorization"} if schemes or RT in credentials else headers,
        named("query:"),
        named("form:"),
        RT in credentials,
    )


def header_names(credentials: tuple[str, ...]) -> frozenset[bytes]:
    """The lower-case names of all headers in which these transports look."""
    return _compiled(credentials).looked_at


def query_names(credentials: tuple[str, ...]) -> frozenset[bytes]:
    """The names of all query parameters in which these transports look; their case counts."""
    return _compiled(credentials).query


def form_names(credentials: tuple[str, ...]) -> frozenset[bytes]:
    """The names of all form fields in which these transports look; their case counts."""
    return _compiled(credentials).form


def agree(one: Credential, other: Credential) -> Credential:
    """Both as one: the same value twice is one value, two different or malformed ones are refused."""
    match one, other:
        case (Ambiguous(), _) | (_, NoCredential()):
            return one
        case (_, Ambiguous()) | (NoCredential(), _):
            return other
        case Presented(), Presented():
            if one.token != other.token or not one.token:
                return Ambiguous("two different credentials were presented")
            return other if one.basic_user is None else one


def present(headers: Headers, credentials: tuple[str, ...]) -> Credential:
    """Find the one credential in the header transports listed (`bearer`, `token`, `basic`, `header:NAME`)."""
    transports = _compiled(credentials)
    schemes, named = transports.schemes, transports.headers
    authorization: bytes | None = None
    found: Credential = _NOTHING
    for name, value in headers.among(transports.looked_at) if isinstance(headers, SingleHeaders) else headers:
        key = name.lower()
        if key == b"authorization" and (schemes or transports.rt):
            if authorization is not None and authorization != value:
                return Ambiguous("Authorization came twice with different values")
            authorization = value
            candidate = _from_authorization(value, schemes, rt=transports.rt)
        elif key in named:
            candidate = Presented(token=value) if len(value) <= MAX_VALUE else _MALFORMED
        else:
            continue
        if candidate is not None:
            found = agree(found, candidate)
            if isinstance(found, Ambiguous):
                return found
    return found


def _from_authorization(value: bytes, schemes: frozenset[bytes], *, rt: bool) -> Presented | None:
    """None when the scheme is not one of ours: then the value is the app's own business."""
    matched = _SCHEME.match(value)
    if matched is None:
        return None if not value else _MALFORMED
    scheme = matched[0].lower()
    rest = value[matched.end() :]
    if scheme not in schemes:
        # Beside `rt`, an unlisted `token` scheme is the app's own business unless it carries what RT writes.
        is_rt = rt and scheme == b"token" and parse_rt_token(rest.strip(b" \t")) is not None
        if not is_rt:
            return None
    if len(value) > MAX_VALUE or rest[:1] != b" " or rest[1:2] in {b"", b" ", b"\t"}:
        return _MALFORMED
    return _from_basic(rest[1:]) if scheme == b"basic" else Presented(token=rest[1:])


def _from_basic(encoded: bytes) -> Presented:
    """Split `user:token` at the first colon (RFC 7617); only canonical base64 has one spelling, so only that counts."""
    try:
        decoded = b64decode(encoded, validate=True)
    except binascii.Error:
        return _MALFORMED
    user, colon, password = decoded.partition(b":")
    if not colon or binascii.b2a_base64(decoded, newline=False) != encoded:
        return _MALFORMED
    return Presented(token=password, basic_user=user)
