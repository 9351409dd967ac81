"""What a token may do about itself: say what it is, and end itself.

Whoever finds a leaked token can end it at once, without an account: revocation needs the token and nothing else
(RFC 7009). Its answer is 200 whether or not the token was one, so that it teaches nothing.
"""

from collections.abc import Callable

from aiohttp import web

from gateway.auth.authenticate import Authenticator
from gateway.auth.desk import Desk
from gateway.auth.tokens import revoke_tokens
from gateway.core.credential import Presented, present
from gateway.core.evidence import NotChecked, Proven
from gateway.core.lifecycle import secret_state, token_state
from gateway.core.token import handle
from gateway.web.api.problem import problem

_TRANSPORTS = ("bearer", "token", "basic")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Token Gateway"'}
_INVALID = {"WWW-Authenticate": 'Bearer realm="Token Gateway", error="invalid_token"'}
_FORM = "application/x-www-form-urlencoded"


class TokenHandlers:
    """`GET /api/v1/token` and `POST /api/v1/token/revoke`."""

    def __init__(self, authenticator: Authenticator, desk: Callable[[], Desk]) -> None:
        """`desk` is asked at every request, since a reload may change the settings."""
        self._authenticator = authenticator
        self._desk = desk

    async def show(self, request: web.Request) -> web.Response:
        """What the presented token is: handle, kind, owner, name, scopes, expiry. Not counted as a use."""
        credential = present(request.raw_headers, _TRANSPORTS)
        if not isinstance(credential, Presented):
            return problem(401, "no_credential", "send the token as Authorization: Bearer", headers=_CHALLENGE)
        evidence = await self._authenticator.authenticate(credential.token)
        if isinstance(evidence, NotChecked):
            return _unavailable()
        desk = self._desk()
        now = desk.now()
        if (
            not isinstance(evidence, Proven)
            or secret_state(evidence.secret, now) is not None
            or token_state(evidence.token, evidence.owner, now) is not None
        ):
            return problem(401, "invalid_token", "the token is not valid", headers=_INVALID)
        token, owner = evidence.token, evidence.owner
        return web.json_response(
            {
                "token": handle(desk.settings.tokens.brand, token.kind, token.id),
                "kind": token.kind.value,
                "owner": owner.login,
                "name": token.name,
                "scopes": sorted(token.scopes),
                "created_at": token.created_at.isoformat(),
                "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
            }
        )

    async def revoke(self, request: web.Request) -> web.Response:
        """End the token in the form field `token` (RFC 7009). Returns when no check anywhere can still allow it."""
        if request.content_type != _FORM:
            return problem(415, "unsupported_media_type", f"send {_FORM} with the field token")
        values = (await request.post()).getall("token", [])
        if len(values) != 1 or not isinstance(values[0], str) or not values[0]:
            return problem(400, "invalid_request", "the field token must be there exactly once")
        evidence = await self._authenticator.authenticate(values[0].encode("utf-8", "surrogateescape"))
        if isinstance(evidence, NotChecked):
            return _unavailable()
        desk = self._desk()
        # Who holds an old secret of a token that lives on holds nothing that could still do harm.
        if (
            isinstance(evidence, Proven)
            and secret_state(evidence.secret, desk.now()) is None
            and evidence.token.revoked_at is None
        ):
            name = handle(desk.settings.tokens.brand, evidence.token.kind, evidence.token.id)
            await revoke_tokens(desk, actor=f"token:{name}", references=[name], address=request.remote or "")
        return web.json_response({})


def _unavailable() -> web.Response:
    return problem(503, "unavailable", "the token cannot be checked now; try again", headers={"Retry-After": "1"})
