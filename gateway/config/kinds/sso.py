"""The values of `portal.sso`: headers, what groups are called elsewhere, the shared secret, where to sign out."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import PlainValidator, ValidationInfo
from pydantic import WithJsonSchema as Schema

from gateway.config.fault import Fault
from gateway.config.kinds.headers import HEADER_PATTERN, header_name
from gateway.config.kinds.places import is_loopback
from gateway.config.kinds.secret_lines import SecretLine, read_line
from gateway.config.kinds.texts import text

MIN_SECRET = 32  # characters: `openssl rand -hex 32` has twice as many
MAX_THEIR_GROUP = 200
# What oauth2-proxy calls them as a proxy; no other name of this kind tells who somebody is.
_FORWARDED = frozenset(
    {"x-forwarded-user", "x-forwarded-groups", "x-forwarded-email", "x-forwarded-preferred-username"}
)


def _sso_header(value: object) -> str:
    found = text(value)
    return found if found.lower() in _FORWARDED else header_name(found)


SsoHeader = Annotated[str, PlainValidator(_sso_header), Schema({"type": "string", "pattern": f"^{HEADER_PATTERN}$"})]


def _their_group(value: object) -> str:
    found = text(value)
    if not found or not found.isprintable() or len(found) > MAX_THEIR_GROUP or found != found.strip():
        raise Fault(
            f"{{value}} is not 1 to {MAX_THEIR_GROUP} printable characters",
            "write the group as the single sign-on does",
        )
    return found


TheirGroup = Annotated[
    str,
    PlainValidator(_their_group),
    Schema({"type": "string", "pattern": r"^\S(.*\S)?$", "maxLength": MAX_THEIR_GROUP}),
]


def _shared_secret(value: object, info: ValidationInfo) -> SecretLine:
    found = read_line(value, info)
    if len(found.held) < MIN_SECRET:
        raise Fault(f"{{value}} holds fewer than {MIN_SECRET} characters", "make one with: openssl rand -hex 32")
    return found


SharedSecret = Annotated[SecretLine, PlainValidator(_shared_secret), Schema({"type": "string", "minLength": 1})]


def _web_address(value: object) -> str:
    written = text(value)
    mend = "write it as https://auth.example.org/logout"
    if not re.fullmatch(r"[!#-;=?-\[\]_a-z~]{1,2000}", written, re.ASCII):  # what RFC 3986 has, and no quote or space
        raise Fault("{value} is not a URL", mend)
    try:
        parts = urlsplit(written)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Fault("{value} is not a URL", mend) from None
    if parts.scheme not in {"http", "https"} or not written.startswith(f"{parts.scheme}://") or not host:
        raise Fault("{value} is not an http or https URL", mend)
    if "@" in parts.netloc:
        raise Fault("{value} has a user in it", mend)
    if parts.scheme == "http" and not is_loopback(host):
        raise Fault("{value} is http, and not on this host alone", mend)
    return written


WebAddress = Annotated[
    str, PlainValidator(_web_address), Schema({"type": "string", "format": "uri", "pattern": "^https?://"})
]
