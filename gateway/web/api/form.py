"""Reading a form as OAuth has it (RFC 6749 section 3.1): known fields at most once, others count for nothing."""

from collections.abc import Collection, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.web.api.problem import Problem
from gateway.web.api.reading import read_bytes

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 8


async def read_form(request: web.Request, known: Collection[str]) -> Mapping[str, str]:
    """The known fields, without the blanks and line ends that files have around them; empty ones are not there.

    Problem `unsupported_media_type`; `invalid_request` for what is no form, and for a known field that is there twice.
    """
    if request.content_type != FORM or "Content-Encoding" in request.headers:
        raise Problem("unsupported_media_type", f"the body is not {FORM}", mend="send it so, with the field token")
    body = await read_bytes(request)
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except ValueError:
        raise Problem("invalid_request", "that is no form, or has too many fields") from None
    found: dict[str, str] = {}
    for name, value in fields:
        if name in found:
            raise Problem("invalid_request", f"the field {name} is there twice", mend="send it once")
        if name in known:
            found[name] = value.strip()
    return {name: value for name, value in found.items() if value}


async def read_token(request: web.Request, others: Collection[str] = ()) -> tuple[bytes, Mapping[str, str]]:
    """The field `token`, and what there is of the others."""
    fields = await read_form(request, {"token", *others})
    if "token" not in fields:
        raise Problem("invalid_request", "the field token must be there exactly once")
    return fields["token"].encode("utf-8"), fields
