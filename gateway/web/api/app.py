"""The application of the portal listener: the routes of the operations, and what every request passes before one.

It answers for the hosts of `public_url` alone, so that a page of somebody else's that resolves to this address (DNS
rebinding) finds nobody at home. No CORS: no page of another origin may read an answer.
"""

import json
from collections.abc import Awaitable, Callable, Sequence

import structlog
from aiohttp import web
from pydantic import BaseModel

from gateway.auth.idempotency import attempt
from gateway.auth.refused import Refused
from gateway.core.network import Address
from gateway.store import StoreError, StoreUnavailable
from gateway.web.api.caller import Caller, client_of, find_caller, find_service
from gateway.web.api.cookie import drop, keep
from gateway.web.api.etag import etag, expected_version
from gateway.web.api.operation import Ask, IfMatch, Needs, Operation, Reply
from gateway.web.api.origin import Origin, asked_origin, refuse_cross_site
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.api.problem import SAFE, Problem, unavailable
from gateway.web.api.reading import read_body, read_query, refuse_body, refuse_query
from gateway.web.api.stream import send

log = structlog.get_logger("api")

MAX_BODY = 16 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Tell = Callable[[web.Request, Problem], Awaitable[web.Response]]
_HTTP = {
    404: ("not_found", "nothing has this address"),
    405: ("method_not_allowed", "this address is not asked in this way"),
    413: ("too_large", "that is larger than any request needs"),
}


async def tell_program(_: web.Request, problem: Problem) -> web.Response:
    """An error as RFC 9457 says."""
    return problem.answer()


def api_app(parts: Parts, operations: Sequence[Operation], tell: Tell = tell_program) -> web.Application:
    """The application. `tell`: how errors are told, also of what is added to it."""

    apart: set[Handler] = set()

    @web.middleware
    async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            here = parts.surroundings()
            if asked_origin(request, here.desk.settings.public_urls) is None:
                raise Problem("misdirected", "this address answers for the hosts of public_url alone")
            if request.match_info.handler not in apart:
                parts.limit.request(client_of(request, here))
            if not request.raw_path.isascii():  # bytes that are no text reach no store (RFC 3986 section 2)
                raise Problem(
                    "bad_request", "the address has characters that no address has", mend="percent-encode them"
                )
            return await handler(request)
        except Exception as error:  # noqa: BLE001  the request boundary: no input may end a connection without an answer
            return await tell(request, _problem(error))

    app = web.Application(middlewares=[frame], client_max_size=MAX_BODY)
    for operation in operations:
        answer = _answering(parts, operation)
        if operation.counts_apart:
            apart.add(answer)
        if operation.method == "GET":
            app.router.add_get(operation.path, answer)  # and HEAD
        else:
            app.router.add_route(operation.method, operation.path, answer)
    return app


def _problem(error: Exception) -> Problem:
    """What is told of an error. What went wrong inside is logged, and told to nobody."""
    match error:
        case Problem():
            return error
        case Refused():
            return Problem.of(error)
        case web.HTTPException():
            headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            code, words = _HTTP.get(error.status, ("bad_request", error.reason))
            return Problem(code, words, headers=headers)
        case StoreUnavailable():
            return unavailable()
        case StoreError():
            log.error("the store failed", detail=str(error))
            return unavailable()
        case _:
            log.error("request failed", exc_info=error)
            return Problem("internal_error", "something went wrong here; the log says what")


def _answering(parts: Parts, operation: Operation) -> Handler:
    # Where there is a body too, what a use case refuses was in it.
    takes = None if operation.query is None or operation.body else frozenset(operation.query.model_fields)

    async def answer(request: web.Request) -> web.StreamResponse:
        ask = await _asked(parts, operation, request)
        with parts.repeats.at(ask.attempt):
            try:
                reply = await operation.handler(ask)
            except Refused as refused:
                raise Problem.of(refused, query=takes) from None
        return _response(ask, reply) if reply.stream is None else await send(request, reply.stream, SAFE)

    return answer


async def _asked(parts: Parts, operation: Operation, request: web.Request) -> Ask:
    """Everything that the row demands, asked in the order in which it costs. Who asks comes before what they send."""
    here = parts.surroundings()
    origin = asked_origin(request, here.desk.settings.public_urls)
    assert origin is not None  # `frame` has looked
    client = client_of(request, here)
    caller = await _caller(parts, operation, request, here, origin, client)
    actor = None
    if caller is not None and operation.needs is not Needs.ANY_SESSION:
        actor = caller.actor(here)
    version = None
    if operation.if_match is not IfMatch.IGNORED:
        version = expected_version(request, is_required=operation.if_match is IfMatch.REQUIRED)
    query = None
    if operation.query is not None:
        query = read_query(request, operation.query)
    else:
        refuse_query(request)
    body, raw = None, b""
    if operation.body is not None:
        body, raw = await read_body(request, operation.body)
    elif operation.form is None:
        await refuse_body(request)
    asked = None
    if operation.is_repeatable and actor is not None and (key := _idempotency_key(request)) is not None:
        whole = b"\n".join([request.method.encode(), request.rel_url.raw_path_qs.encode(), raw])
        asked = attempt(actor=actor, operation=operation.name, key=key, request=whole, now=here.desk.now())
    return Ask(
        request=request,
        parts=parts,
        here=here,
        origin=origin,
        client=client,
        caller=caller,
        actor_if_any=actor,
        given_body=body,
        given_query=query,
        expected_version=version,
        attempt=asked,
    )


async def _caller(
    parts: Parts, operation: Operation, request: web.Request, here: Surroundings, origin: Origin, client: Address | None
) -> Caller | None:
    """Who asks, if that is looked at before the handler."""
    if operation.needs is Needs.SIGN_IN:
        refuse_cross_site(request, origin)
    if operation.needs in {Needs.NOTHING, Needs.TOKEN, Needs.SIGN_IN}:
        return None
    if operation.counts_apart:
        return await find_service(request, parts, here, origin, client, operation.permission)
    caller = await find_caller(request, parts, here, origin, client)
    if caller.session is None and operation.needs is not Needs.CALLER:
        raise Problem("needs_session", "that is done by a session", mend="sign in and do it there")
    return caller


def _idempotency_key(request: web.Request) -> str | None:
    """The key, with or without the quotes that the draft asks for: both are the same key."""
    given = request.headers.getall("Idempotency-Key", [])
    if len(given) > 1:
        raise Problem("bad_request", "Idempotency-Key came twice", mend="send it once")
    if not given:
        return None
    key = given[0].strip(" \t")
    return key[1:-1] if len(key) > 2 and key[0] == key[-1] == '"' else key


def _response(ask: Ask, reply: Reply) -> web.Response:
    headers = {**SAFE, **reply.headers}
    if reply.version is not None:
        headers["ETag"] = etag(reply.version)
    if reply.session is not None:
        headers["Set-Cookie"] = keep(ask.origin, reply.session)
    elif reply.ends_session:
        headers["Set-Cookie"] = drop(ask.origin)
    if reply.body is None:
        return web.Response(status=204 if reply.status == 200 else reply.status, headers=headers)
    text = reply.body.model_dump_json() if isinstance(reply.body, BaseModel) else json.dumps(reply.body)
    return web.Response(text=text, status=reply.status, headers=headers, content_type="application/json")
