"""Who asks: somebody by a session's cookie, or by a token with the scope `gateway`. Never by both at once."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from aiohttp import web

from gateway.auth.power import holder
from gateway.auth.sessions import Session
from gateway.core.credential import Ambiguous, NoCredential, present
from gateway.core.evidence import Proven
from gateway.core.network import Address
from gateway.core.owner import Owner, Token
from gateway.core.power import Actor, power
from gateway.core.target import client_address
from gateway.web.api.bearer import usable_token
from gateway.web.api.cookie import drop, session_secret
from gateway.web.api.origin import Origin, refuse_cross_site
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.api.problem import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. Exactly one of `session` and `token` is there."""

    owner: Owner
    session: Session | None = None
    token: Token | None = None
    proven: Proven | None = None

    def actor(self, here: Surroundings) -> Actor:
        """Who acts, for the use cases. Refused `password_must_change` before an initial password was changed."""
        if self.session is not None:
            return self.session.actor()
        assert self.proven is not None
        return holder(here.desk, self.proven)


async def find_caller(
    request: web.Request, parts: Parts, here: Surroundings, origin: Origin, address: Address | None
) -> Caller:
    """Who asks. Problem when it is nobody, or could be two; what fails is counted for the client's network."""
    secret = session_secret(request, origin)
    if "Authorization" in request.headers:
        if secret is not None:
            words = "both a session and a token came: which of them asks is not guessed"
            raise Problem("ambiguous_request", words, mend="send the cookie or the Authorization header, not both")
        return await _by_token(request, parts, here, origin, address)
    if secret is None:
        raise Problem("no_credential", "nobody is signed in", mend="sign in, or send a token as Authorization: Bearer")
    refuse_cross_site(request, origin)
    session = await parts.sessions.look_up(secret)
    if session is None:
        parts.limit.failure(address)
        gone = {"Set-Cookie": drop(origin)}
        raise Problem("session_ended", "the session has ended", mend="sign in again", headers=gone)
    return Caller(owner=session.owner, session=session)


async def find_service(
    request: web.Request,
    parts: Parts,
    here: Surroundings,
    origin: Origin,
    address: Address | None,
    permission: str | None,
) -> Caller:
    """Who asks, for what a service asks on behalf of others. A token with the permission is counted by itself, and all
    who ask besides as everybody in their network, who have not been counted before.

    A token is looked at first: while it is none, that costs no read of the store and no hash (decision 5).
    """
    if "Authorization" not in request.headers:
        parts.limit.request(address)
        return await find_caller(request, parts, here, origin, address)
    try:
        caller = await find_caller(request, parts, here, origin, address)
    except Problem:
        parts.limit.request(address)
        raise
    if caller.token is None or permission not in power(here.policy.permissions, caller.actor(here)):
        parts.limit.request(address)
    else:
        parts.limit.service(caller.token.id)
    return caller


async def _by_token(
    request: web.Request, parts: Parts, here: Surroundings, origin: Origin, address: Address | None
) -> Caller:
    credential = present(request.raw_headers, ("bearer",))
    if isinstance(credential, Ambiguous):
        raise Problem("ambiguous_request", "Authorization came twice", mend="send it once")
    if isinstance(credential, NoCredential):
        raise Problem("no_credential", "that is no token", mend="send it as Authorization: Bearer")
    proven = await usable_token(parts, here, presented=credential.token, address=address, host=origin.host, acts=True)
    return Caller(owner=proven.owner, token=proven.token, proven=proven)


def client_of(request: web.Request, here: Surroundings) -> Address | None:
    """The client's address: what a trusted proxy says of it, or the peer's own."""
    forwarded = request.headers.getall("X-Forwarded-For", [])
    if here.is_trusted(request):
        if len(forwarded) != 1:
            return None
        return client_address(forwarded[0].encode("utf-8", "replace"), here.desk.settings.client_address.skip)
    try:
        peer = ip_address(request.remote or "")
    except ValueError:
        return None
    return (peer.ipv4_mapped or peer) if isinstance(peer, IPv6Address) else peer
