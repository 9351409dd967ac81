"""What a request is made of: header names, the ways to send a token, kinds of tokens, and methods."""

import re
from typing import Annotated

from pydantic import PlainValidator
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault, pick
from gateway.config.kinds.texts import text
from gateway.core.credential import RT, SCHEMES
from gateway.core.token import Kind

HEADER_PATTERN = r"[A-Za-z0-9-]{1,64}"
PARAMETER_PATTERN = r"[A-Za-z0-9_-]{1,64}"
_HEADER = re.compile(HEADER_PATTERN, re.ASCII)
_PARAMETER = re.compile(PARAMETER_PATTERN, re.ASCII)

_HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
_HTTP_ITSELF = frozenset(
    ("accept", "accept-encoding", "age", "allow", "alt-svc", "authorization", "cache-control", "cookie", "date",
     "expect", "expires", "forwarded", "host", "location", "origin", "pragma", "range", "referer", "retry-after",
     "server", "set-cookie", "strict-transport-security", "user-agent", "vary", "via", "warning", "www-authenticate",
     "x-auth-reason", "x-auth-status", "x-http-method-override", "x-method-override", "x-real-ip", "x-request-id")
)  # fmt: skip
_PREFIXES = ("x-forwarded-", "x-original-", "content-", "access-control-", "sec-", "if-", "proxy-")


def header_name(value: object) -> str:
    """A header that neither HTTP nor a proxy uses for something of its own."""
    found = text(value)
    if not _HEADER.fullmatch(found):
        raise Fault("{value} is not a header name", "use 1 to 64 of A-Z a-z 0-9 and -")
    low = found.lower()
    if low in _HOP_BY_HOP or low in _HTTP_ITSELF or low.startswith(_PREFIXES):
        raise Fault(
            "{value} belongs to HTTP, to the proxy or to the gateway", "choose a name of your own, such as X-Auth-User"
        )
    return found


HeaderName = Annotated[str, PlainValidator(header_name), Schema({"type": "string", "pattern": f"^{HEADER_PATTERN}$"})]


def _credential(value: object) -> str:
    found = text(value)
    if found in (*SCHEMES, RT):
        return found
    kind, colon, name = found.partition(":")
    if colon and kind in {"query", "form"}:
        if not _PARAMETER.fullmatch(name):
            raise Fault("{value} names no parameter", f"use 1 to 64 of A-Z a-z 0-9 _ and -, as in {kind}:auth_token")
        return found
    if found.startswith("header:"):
        try:
            return f"header:{header_name(found.removeprefix('header:'))}"
        except Fault as fault:
            raise Fault(
                fault.what,
                "name a header of your own, such as header:X-API-Key; Authorization is read by bearer, token and basic",
            ) from None
    known = "known are bearer, token, basic, header:NAME, query:NAME, form:NAME and rt"
    mend = known if ":" in found else pick(found, (*SCHEMES, RT), known)
    raise Fault("{value} is not a way to send a token", mend)


Credential = Annotated[
    str,
    PlainValidator(_credential),
    Schema(
        {
            "type": "string",
            "pattern": f"^(bearer|token|basic|rt|header:{HEADER_PATTERN}|(query|form):{PARAMETER_PATTERN})$",
        }
    ),
]


_KINDS = [kind.value for kind in Kind]


def _token_kind(value: object) -> Kind:
    found = text(value)
    if found not in _KINDS:
        raise Fault("{value} is not a kind of token", pick(found, _KINDS, "use personal or application"))
    return Kind(found)


TokenKind = Annotated[Kind, PlainValidator(_token_kind), Schema({"enum": _KINDS})]

# The IANA registry of HTTP methods, and those that WebDAV, caches and UPnP added.
METHODS = frozenset(
    ("ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "CONNECT", "COPY", "DELETE", "GET", "HEAD", "LABEL",
     "LINK", "LOCK", "M-SEARCH", "MERGE", "MKACTIVITY", "MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE",
     "NOTIFY", "OPTIONS", "ORDERPATCH", "PATCH", "POST", "PROPFIND", "PROPPATCH", "PURGE", "PUT", "QUERY", "REBIND",
     "REPORT", "SEARCH", "SUBSCRIBE", "TRACE", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UNSUBSCRIBE", "UPDATE",
     "UPDATEREDIRECTREF", "VERSION-CONTROL")
)  # fmt: skip


def _method(value: object) -> str:
    found = text(value)
    if found in METHODS:
        return found
    raise Fault(
        "{value} is not an HTTP method", pick(found.upper(), sorted(METHODS), "methods are written GET, POST, ...")
    )


Method = Annotated[str, PlainValidator(_method), Schema({"enum": sorted(METHODS)})]
