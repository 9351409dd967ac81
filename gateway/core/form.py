"""A form in a request's body: the token in a field of it, read strictly enough that no server reads another one.

Two encodings: urlencoded, and multipart (RFC 7578) in the one shape that clients send. What is said to be a form and
cannot be read in full is `Ambiguous`; a body that is no form holds no credential.
"""

import re
from collections.abc import Sequence
from typing import Final

from gateway.core.credential import Ambiguous, Credential, NoCredential, form_names
from gateway.core.parameters import MAX_PARAMETERS, is_like, one_of, urlencoded

MAX_BYTES: Final = 65_536  # of a body; also what the printed config lets Traefik keep in memory

# Only charsets that read ASCII as ASCII: in UTF-16 or UTF-7 a server would see other names than we do.
_URLENCODED = re.compile(
    rb"application/x-www-form-urlencoded(?: *; *charset=(\"?)(?:utf-8|us-ascii|iso-8859-1|windows-1252)\1)?",
    re.IGNORECASE,
)
_MULTIPART = re.compile(
    rb"multipart/form-data *; *boundary=(?:([0-9A-Za-z'+_.-]{1,70})|\"([0-9A-Za-z'()+_,./:=?-]{1,70})\")", re.IGNORECASE
)
_A_FORM = (b"application/x-www-form-urlencoded", b"multipart/")
_FIELD = re.compile(rb"([A-Za-z-]+): *([\x20-\x7e\x80-\xff]*)")
_DISPOSITION = re.compile(rb'form-data; *name="([^"\\\x00-\x1f]*)"(; *filename="[^"\\\x00-\x1f]*")?', re.IGNORECASE)
_ABOUT_A_PART = frozenset({b"content-disposition", b"content-type", b"content-length", b"content-transfer-encoding"})
_AS_IT_IS = frozenset({b"", b"7bit", b"8bit", b"binary"})


def form_type(headers: Sequence[tuple[bytes, bytes]]) -> bytes | NoCredential | Ambiguous:
    """The content type of the form that the headers announce; Ambiguous when servers could disagree about it."""
    types = [value for name, value in headers if name.lower() == b"content-type"]
    if not any(value.lower().startswith(_A_FORM) for value in types):
        return NoCredential()
    if len(types) > 1:
        return Ambiguous("content-type came twice")
    if any(name.lower() == b"content-encoding" and value.lower() != b"identity" for name, value in headers):
        return Ambiguous("the form is compressed")
    if not (_URLENCODED.fullmatch(types[0]) or _MULTIPART.fullmatch(types[0])):
        return Ambiguous("the content-type of the form is not one that every server reads alike")
    return types[0]


def read_form(content_type: bytes, body: bytes, credentials: tuple[str, ...]) -> Credential:
    """The one value in the fields that `form:NAME` transports name. `content_type` is what `form_type` gave."""
    names = form_names(credentials)
    found = _MULTIPART.fullmatch(content_type)
    if found is None:
        return urlencoded(body, names)
    return _multipart(body, found[1] or found[2], names)


def _multipart(body: bytes, boundary: bytes, names: frozenset[bytes]) -> Credential:
    delimiter = b"--" + boundary
    first, *parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    # Some servers take a bare LF before a boundary, or a boundary anywhere: there must be none but those split at.
    if first or not parts or body.count(delimiter) != len(parts) or parts.pop() not in {b"--", b"--\r\n"}:
        return Ambiguous("the multipart form is malformed")
    if len(parts) > MAX_PARAMETERS:
        return Ambiguous(f"more than {MAX_PARAMETERS} parts")
    fields: list[tuple[bytes, bytes]] = []
    for part in parts:
        read = _part(part, names)
        if isinstance(read, Ambiguous):
            return read
        fields.append(read)
    return one_of(fields, names)


def _part(part: bytes, names: frozenset[bytes]) -> tuple[bytes, bytes] | Ambiguous:
    """Name and value of `CRLF headers CRLF CRLF value`."""
    head, blank, value = part.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    said: dict[bytes, bytes] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if field is None or field[1].lower() in said:
            return Ambiguous("a part of the multipart form is malformed")
        said[field[1].lower()] = field[2]
    found = _DISPOSITION.fullmatch(said.get(b"content-disposition", b""))
    if start or not blank or found is None or said.keys() - _ABOUT_A_PART:
        return Ambiguous("a part of the multipart form is malformed")
    if said.get(b"content-transfer-encoding", b"").lower() not in _AS_IT_IS:
        return Ambiguous("a part of the multipart form is encoded")
    if found[2] and is_like(found[1], names):
        return Ambiguous("the token's field came as a file")
    return found[1], value
