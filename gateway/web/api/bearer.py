"""A token that is presented to the gateway itself: proven, and asked for all that every route asks of a token."""

from gateway.auth.authenticate import Authenticator
from gateway.auth.evidence_of import RtAsked
from gateway.core.evidence import Demand, Evidence, NotChecked, Proven
from gateway.core.network import Address
from gateway.core.patterns import PathPattern
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.route import Access, Route
from gateway.core.rt_token import parse_rt_token
from gateway.core.rules import RULES, Case
from gateway.core.target import Reading, Target
from gateway.web.api.limit import PortalLimit
from gateway.web.api.parts import Surroundings
from gateway.web.api.problem import CHALLENGE, Problem, unavailable

INVALID = {"WWW-Authenticate": f'{CHALLENGE}, error="invalid_token"'}
# The rules of a route that takes every valid token: what the token, its owner and their permission ask for themselves.
_ANY_TOKEN = Demand(
    Route(index=0, name="api", line=0, hosts=("*",), paths=(PathPattern.parse("/**"),), access=Access.AUTHENTICATED),
    None,
)


async def evidence_of(authenticator: Authenticator, presented: bytes, address: Address | None) -> Evidence:
    """What there is to know of a presented token. Problem `unavailable`, or `limited`, when it cannot be checked."""
    of_rt = parse_rt_token(presented)
    rt = None if of_rt is None else RtAsked(token=of_rt, address=address)
    evidence = await authenticator.authenticate(presented, rt=rt)
    if isinstance(evidence, NotChecked):
        if evidence.reason is Reason.LIMITED:
            raise Problem("limited", "too many tokens from your network were none", mend="try again in a minute")
        raise unavailable()
    return evidence


async def usable_token(
    authenticator: Authenticator,
    limit: PortalLimit,
    here: Surroundings,
    *,
    presented: bytes,
    address: Address | None,
    host: str | None,
) -> Proven:
    """The token, if it may be used here and now; `host` None: wherever it is meant for. Problem, to its holder why."""
    evidence = await evidence_of(authenticator, presented, address)
    if not isinstance(evidence, Proven):
        limit.failure(address)
        raise Problem("invalid_token", "the token is not valid", headers=INVALID)
    case = Case(here.policy, _target(address, host or ""), _ANY_TOKEN, evidence, here.desk.now())
    for rule in RULES:
        broken = None if rule.name == "host" and host is None else rule.broken(case)
        if broken is not None:
            outside = OUTSIDE[broken]
            headers = INVALID if outside.status == 401 else None
            words = "the token cannot be used here and now"
            raise Problem(outside.proven, words, headers=headers, status=outside.status)
    return evidence


def _target(address: Address | None, host: str) -> Target:
    return Target(
        method="GET",
        host=host,
        readings=(Reading(("",)),),
        leniences=frozenset(),
        query=b"",
        path="/",
        address=address,
    )
