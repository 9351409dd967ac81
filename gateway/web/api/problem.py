"""Errors as RFC 9457 says: `application/problem+json` with a stable code, how to mend it, and nothing of the input."""

from collections.abc import Collection, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from gateway.auth.refused import Refused
from gateway.web.api.codes import STATUS

SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
RETRY_S = {"limited": 60, "busy": 3, "unavailable": 1, "idempotency_in_flight": 1}
CHALLENGE = 'Bearer realm="Token Gateway"'
OAUTH = frozenset(
    {"invalid_request"}
)  # codes that OAuth names too: its clients look for `error` (RFC 6749 section 5.2)
# Refusals of use cases whose field is not in the body.
_HEADERS = {"Idempotency-Key": "Idempotency-Key", "version": "If-Match"}


class Problem(Exception):  # noqa: N818  an answer, not a mistake
    """An answer that is a problem. `errors` name each offending input with `detail` and, where there is one, `mend`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        mend: str = "",
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.status = STATUS[code] if status is None else status
        self.detail = detail
        self.mend = mend
        self.errors = errors
        self.headers = dict(headers or {})
        if code in RETRY_S:
            self.headers.setdefault("Retry-After", str(RETRY_S[code]))
        if self.status == 401:
            self.headers.setdefault("WWW-Authenticate", CHALLENGE)

    @classmethod
    def of(cls, refused: Refused, *, query: Collection[str] | None = None) -> "Problem":
        """A refusal of a use case, in its own words. `query`: the parameters of an operation that takes some."""
        is_named = refused.field in _HEADERS or query is None or refused.field in query
        errors = [_error(refused, "pointer" if query is None else "parameter")] if refused.field and is_named else []
        return cls(refused.code, refused.message, mend=refused.mend, errors=errors)

    def answer(self) -> web.Response:
        """The response."""
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
        }
        if self.mend:
            body["mend"] = self.mend
        if self.code in OAUTH:
            body["error"] = self.code
        if self.errors:
            body["errors"] = list(self.errors)
        return web.json_response(
            body, status=self.status, headers={**SAFE, **self.headers}, content_type="application/problem+json"
        )


def _error(refused: Refused, place: str) -> dict[str, str]:
    header = _HEADERS.get(refused.field)
    name = f"/{refused.field}" if place == "pointer" else refused.field
    where = {place: name} if header is None else {"header": header}
    return where | {"detail": refused.message} | ({"mend": refused.mend} if refused.mend else {})


def unavailable() -> Problem:
    """The store or the hashing pool cannot answer now."""
    return Problem("unavailable", "this cannot be answered now", mend="try again in a moment")
