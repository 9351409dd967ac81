"""The application of the portal listener: who may ask at all, and what an error looks like.

It answers for the Host of `public_url` alone, so that a page of somebody else's that resolves to this address (DNS
rebinding) finds nobody at home. There is no cookie and no CORS: only who sends a token in a header, or in the body of a
revocation, is anybody here.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from gateway.web.api.problem import SAFE, problem
from gateway.web.api.token import TokenHandlers

log = structlog.get_logger("api")

MAX_BODY = 8192
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def api_app(handlers: TokenHandlers, *, public_url: Callable[[], str]) -> web.Application:
    """The application. `public_url` is asked at every request, since a reload may change it."""

    @web.middleware
    async def frame(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.getall("Host", []) not in _hosts(public_url()):
            return problem(421, "misdirected", "this address answers for the host of public_url alone")
        try:
            response = await handler(request)
        except web.HTTPException as error:
            code = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status, "bad_request")
            allow = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
            return problem(error.status, code, error.reason, headers=allow)
        except Exception:  # the request boundary: what went wrong inside is logged, and told to nobody
            log.exception("request failed")
            return problem(500, "internal_error", "something went wrong here; the log says what")
        response.headers.update(SAFE)
        return response

    app = web.Application(middlewares=[frame], client_max_size=MAX_BODY)
    app.add_routes(
        [
            web.get("/api/v1/token", handlers.show),
            web.post("/api/v1/token/revoke", handlers.revoke),
        ]
    )
    return app


def _hosts(public_url: str) -> tuple[list[str], ...]:
    """The Host headers of an origin: with its port, and without where that is the scheme's own."""
    parts = urlsplit(public_url)
    default = {"https": 443, "http": 80}[parts.scheme]
    name = parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc
    if parts.port in {None, default}:
        return [name], [f"{name}:{default}"]
    return ([parts.netloc],)
