"""Errors as RFC 9457 says: `application/problem+json` with a stable code, and nothing of the input."""

from http import HTTPStatus

from aiohttp import web

SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


def problem(status: int, code: str, detail: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """One problem. `code` is stable; `detail` is for people."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return web.json_response(
        body, status=status, headers={**SAFE, **(headers or {})}, content_type="application/problem+json"
    )
