"""Reading what a request says: its JSON body and its query, each wholly good or refused with all that is wrong."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from aiohttp import ClientError, web
from aiohttp.web_protocol import RequestPayloadError
from pydantic import BaseModel, ValidationError

from gateway.auth.refused import did_you_mean
from gateway.core.naming import without_tokens
from gateway.web.api import json_text
from gateway.web.api.problem import Problem

Wanted = TypeVar("Wanted", bound=BaseModel)
BODY_DEADLINE_S = 5.0
MAX_FIELDS = 32
MAX_ERRORS = 50
_MAX_SHOWN = 100  # characters of a name that the client chose
_WORDS = {
    "missing": ("is missing", "add it"),
    "extra_forbidden": ("is not a known field", ""),
    "string_type": ("is not a text", 'write it in quotes: "..."'),
    "int_type": ("is not a whole number", ""),
    "bool_type": ("is neither true nor false", ""),
    "list_type": ("is not a list", "write [...]"),
    "tuple_type": ("is not a list", "write [...]"),
    "dict_type": ("is not an object", "write {...}"),
    "model_type": ("is not an object", "write {...}"),
}


async def read_body(request: web.Request, model: type[Wanted]) -> tuple[Wanted, bytes]:
    """The body, and its bytes. Problem with every field that is wrong."""
    _refuse_other_content(request)
    raw = await read_bytes(request)
    try:
        json_text.parse(raw)
    except json_text.BadJsonError as error:
        raise Problem("bad_json", f"the body is not JSON as it should be: {error}") from None
    try:
        return model.model_validate_json(raw), raw
    except ValidationError as invalid:
        found = invalid.errors(include_url=False, include_input=False)[:MAX_ERRORS]
        errors = [_error(one, model, {"pointer": _pointer(one["loc"])}) for one in found]
        raise Problem("invalid_fields", "fields of the body are wrong", errors=errors) from None


async def read_bytes(request: web.Request) -> bytes:
    """The body's bytes. Problem `too_large`, `body_timeout`, `bad_request`."""
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            return await request.read()
    except TimeoutError:
        raise Problem("body_timeout", "the body did not come in time", headers={"Connection": "close"}) from None
    except (ClientError, RequestPayloadError, OSError, ValueError):  # OSError: they hung up, which is no fault of ours
        raise Problem("bad_request", "the body cannot be read") from None


def read_query(request: web.Request, model: type[Wanted]) -> Wanted:
    """The query parameters. Problem with every one that is wrong."""
    given: dict[str, str] = {}
    errors: list[Mapping[str, str]] = []
    raw = request.rel_url.raw_query_string
    try:
        pairs = parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&")
    except ValueError:
        raise Problem("bad_query", "the query is not UTF-8, or too long") from None
    for name, value in pairs:
        if name in given:
            errors.append({"parameter": _shown(name), "detail": "is there twice", "mend": "send it once"})
        given[name] = value
    try:
        found = model.model_validate(given)
    except ValidationError as invalid:
        wrong = invalid.errors(include_url=False, include_input=False)
        errors += [_error(one, model, {"parameter": _shown(str(one["loc"][0]))}) for one in wrong]
        raise Problem("bad_query", "query parameters are wrong", errors=errors) from None
    if errors:
        raise Problem("bad_query", "query parameters are wrong", errors=errors)
    return found


def refuse_query(request: web.Request) -> None:
    """Refuse any query where none is read: what somebody wrote there would count for nothing."""
    if request.rel_url.raw_query_string:
        raise Problem("bad_query", "this takes no query parameters", mend="remove them")


async def refuse_body(request: web.Request) -> None:
    """Refuse a body where none is read."""
    if request.can_read_body and await read_bytes(request):
        raise Problem("bad_request", "this takes no body", mend="send none")


def _refuse_other_content(request: web.Request) -> None:
    charset = (request.charset or "utf-8").lower()
    if request.content_type != "application/json" or charset not in {"utf-8", "utf8"}:
        raise Problem("unsupported_media_type", "the body is not said to be JSON", mend="send application/json, UTF-8")
    if "Content-Encoding" in request.headers:
        raise Problem("unsupported_media_type", "the body is encoded", mend="send it as it is")


def _error(one: Any, model: type[BaseModel], where: Mapping[str, str]) -> dict[str, str]:
    words, mend = _WORDS.get(one["type"], ("", ""))
    if one["type"] == "extra_forbidden":
        known = sorted(model.model_fields)
        mend = did_you_mean(_shown(str(one["loc"][-1])), known, otherwise=f"known are: {', '.join(known) or 'none'}")
    if not words:
        words = str(one["msg"]).removeprefix("Value error, ")
    return dict(where) | {"detail": words} | ({"mend": mend} if mend else {})


def _pointer(steps: Sequence[int | str]) -> str:
    return "".join("/" + _shown(str(step)).replace("~", "~0").replace("/", "~1") for step in steps)


def _shown(name: str) -> str:
    """A name that the client chose, as it may be repeated. Tokens go before the cut: half of one is not recognised."""
    return without_tokens(name)[:_MAX_SHOWN].encode("utf-8", "replace").decode("utf-8")
