"""What a token may do about itself: say what it is, and end itself.

Whoever finds a leaked token can end it at once, without an account: revocation needs the token and nothing else
(RFC 7009). Its answer is 200 whether or not the token was one, so that it teaches nothing.
"""

import asyncio
from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import parse_qsl

from aiohttp import ClientError, web
from aiohttp.web_protocol import RequestPayloadError

from gateway.auth.authenticate import Authenticator
from gateway.auth.desk import Desk
from gateway.auth.evidence_of import RtAsked
from gateway.auth.token_revoke import revoke_presented
from gateway.core.credential import Presented, present
from gateway.core.evidence import Demand, Evidence, NotChecked, Proven
from gateway.core.network import Address
from gateway.core.patterns import PathPattern
from gateway.core.policy import Policy
from gateway.core.reason import OUTSIDE
from gateway.core.route import Access, Route
from gateway.core.rt_token import parse_rt_token
from gateway.core.rules import RULES, Case
from gateway.core.target import Reading, Target, client_address
from gateway.core.token import handle
from gateway.store import StoreError
from gateway.web.api.problem import problem

BODY_DEADLINE_S = 2.0
MAX_FIELDS = 8
_TRANSPORTS = ("bearer", "token", "basic")
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Token Gateway"'}
_INVALID = {"WWW-Authenticate": 'Bearer realm="Token Gateway", error="invalid_token"'}
_FORM = "application/x-www-form-urlencoded"
# The rules of a route that takes every valid token: what the token, its owner and their permission ask for themselves.
_ANY_TOKEN = Demand(
    Route(index=0, name="api", line=0, hosts=("*",), paths=(PathPattern.parse("/**"),), access=Access.AUTHENTICATED),
    None,
)


class Surroundings(NamedTuple):
    """The settings of this moment, as a request needs them."""

    desk: Desk
    policy: Policy
    is_trusted: Callable[[web.Request], bool]


class TokenHandlers:
    """`GET /api/v1/token` and `POST /api/v1/token/revoke`."""

    def __init__(self, authenticator: Authenticator, surroundings: Callable[[], Surroundings]) -> None:
        """`surroundings` is asked at every request, since a reload may change the settings."""
        self._authenticator = authenticator
        self._surroundings = surroundings

    async def show(self, request: web.Request) -> web.Response:
        """What the presented token is: handle, kind, owner, name, scopes, expiry. Not counted as a use.

        Told only where the token may be used: its networks and everything else that a route asks of every token count.
        """
        credential = present(request.raw_headers, _TRANSPORTS)
        if not isinstance(credential, Presented):
            return problem(401, "no_credential", "send the token as Authorization: Bearer", headers=_CHALLENGE)
        here = self._surroundings()
        address = _client(request, here)
        evidence = await self._evidence(credential.token, address)
        if isinstance(evidence, NotChecked):
            return _unavailable()
        if not isinstance(evidence, Proven):
            return problem(401, "invalid_token", "the token is not valid", headers=_INVALID)
        case = Case(here.policy, _target(address), _ANY_TOKEN, evidence, here.desk.now())
        for rule in RULES:
            broken = None if rule.name == "host" else rule.broken(case)
            if broken is not None:
                outside = OUTSIDE[broken]
                headers = _INVALID if outside.status == 401 else {}
                return problem(outside.status, outside.proven, "the token cannot be used here and now", headers=headers)
        token = evidence.token
        return web.json_response(
            {
                "token": handle(here.policy.brand, token.kind, token.id),
                "kind": token.kind.value,
                "owner": evidence.owner.login,
                "name": token.name,
                "scopes": sorted(token.scopes),
                "created_at": token.created_at.isoformat(),
                "expires_at": None if token.expires_at is None else token.expires_at.isoformat(),
            }
        )

    async def revoke(self, request: web.Request) -> web.Response:
        """End the token in the form field `token` (RFC 7009). Returns when no check anywhere can still allow it."""
        if request.content_type != _FORM or "Content-Encoding" in request.headers:
            return problem(415, "unsupported_media_type", f"send {_FORM} with the field token")
        text = await _field(request)
        if text is None:
            return problem(400, "invalid_request", "the field token must be there exactly once")
        here = self._surroundings()
        address = _client(request, here)
        evidence = await self._evidence(text, address)
        if isinstance(evidence, NotChecked):
            return _unavailable()
        if isinstance(evidence, Proven):
            try:
                await revoke_presented(here.desk, presented=evidence, address=str(address or ""))
            except StoreError:
                return _unavailable()
        return web.json_response({})

    async def _evidence(self, presented: bytes, address: Address | None) -> Evidence:
        of_rt = parse_rt_token(presented)
        rt = None if of_rt is None else RtAsked(token=of_rt, address=address)
        return await self._authenticator.authenticate(presented, rt=rt)


async def _field(request: web.Request) -> bytes | None:
    """The one value of the field `token`, without the blanks and line ends that files have around it."""
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            body = await request.read()
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except (TimeoutError, ClientError, RequestPayloadError, ValueError):
        return None
    values = [value.strip() for name, value in fields if name == "token"]
    return values[0].encode("utf-8") if len(values) == 1 and values[0] else None


def _client(request: web.Request, here: Surroundings) -> Address | None:
    """The client's address: what a trusted proxy says of it, or the peer's own."""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    if here.is_trusted(request):
        if len(forwarded) != 1:
            return None
        return client_address(forwarded[0].encode("utf-8", "replace"), here.desk.settings.client_address.skip)
    try:
        return ip_address(request.remote or "")
    except ValueError:
        return None


def _target(address: Address | None) -> Target:
    return Target(
        method="GET",
        host="",
        readings=(Reading(("",)),),
        leniences=frozenset(),
        query=b"",
        path="/",
        address=address,
    )


def _unavailable() -> web.Response:
    return problem(503, "unavailable", "the token cannot be checked now; try again", headers={"Retry-After": "1"})
