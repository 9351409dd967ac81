"""Versions as entity tags (RFC 9110): `ETag` on what is read, `If-Match` on what changes it."""

from re import ASCII
from re import compile as pattern

from aiohttp import web

from gateway.web.api.problem import Problem

_OURS = pattern(r'"v([1-9][0-9]{0,17})"', ASCII)
NO_VERSION = 0  # no row ever has it: what names a tag that is none of ours is refused as changed


def etag(version: int) -> str:
    """The strong tag of a version."""
    return f'"v{version}"'


def expected_version(request: web.Request, *, is_required: bool) -> int | None:
    """The version that the client has seen; None for `*`, and for no header where none is required.

    The use case compares it inside its change. Problem `precondition_required`; `bad_request` for two headers.
    """
    given = request.headers.getall("If-Match", [])
    if not given:
        if is_required:
            raise Problem(
                "precondition_required",
                "If-Match is missing",
                mend="send the ETag of what you have seen, or * to change it whatever it is",
            )
        return None
    if len(given) > 1:
        raise Problem("bad_request", "If-Match came twice", mend="send it once")
    tag = given[0].strip(" \t")
    if tag == "*":
        return None
    matched = _OURS.fullmatch(tag)
    return NO_VERSION if matched is None else int(matched[1])
