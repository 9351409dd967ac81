"""The decision: may this request pass, and as whom?

It has two halves, because the route says which credential counts. `choose` looks only at the target: it ends the matter
(no route, a public one, a denying one) or names what the routes demand. `decide` holds the evidence about the presented
credential against those demands. A path that servers could read differently has several readings; each of them must
have opted in to that and lead to the same Allow, otherwise the request is refused.

A `Recorder` sees every step of the same walk; that is all that `explain` is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.core.credential import Ambiguous, NoCredential
from gateway.core.evidence import Evidence, NotChecked, Proven, Rejected
from gateway.core.hosts import Bucket
from gateway.core.identity import HeaderPairs
from gateway.core.owner import Owner, Token
from gateway.core.policy import Policy
from gateway.core.reason import OUTSIDE, Reason
from gateway.core.routes import Access, Match, Refused, Route, first_in
from gateway.core.rules import RULES, Case
from gateway.core.target import Reading, Target, segments_of
from gateway.core.token import handle


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """The request passes. `headers` are the identity headers of every set, complete.

    `app_authorization` is the app's own credential, for a route that gives it one; public and preflight never do.
    """

    reason: Reason
    route: Route
    headers: HeaderPairs
    app_authorization: bytes | None = field(default=None, repr=False)
    token: Token | None = None
    owner: Owner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The request does not pass. `handle` is the public name of the token, once its secret or its id was read.

    `retry_after_s` is told where trying again may help: with 429 and 503.
    """

    reason: Reason
    route: Route | None = None
    detail: str = ""
    handle: str = ""
    proven: bool = False
    retry_after_s: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """As `Deny`, and another credential may help: the answer names the schemes that the route accepts (RFC 9110)."""

    reason: Reason
    route: Route
    detail: str = ""
    handle: str = ""
    proven: bool = False


Decision = Allow | Deny | Challenge


class Recorder(Protocol):
    """Receives the steps of a decision: a stable step name, the reason if it ended there, and what was compared."""

    def step(self, name: str, broken: Reason | None, words: str) -> None:
        """Take one step; `broken` is None when it passed."""
        ...


def choose(policy: Policy, target: Target, recorder: Recorder | None = None) -> Decision | tuple[Match, ...]:
    """Find the route of every reading. A decision when no credential is needed for it, else one demand a reading."""
    demands = []
    for reading in target.readings:
        demand = _demand(policy, target, reading, recorder)
        if isinstance(demand, Deny):
            return demand
        demands.append(demand)
    first = demands[0].route
    if any(not _alike(first, demand.route) for demand in demands[1:]):
        return Deny(reason=Reason.AMBIGUOUS_REQUEST, route=first, detail="the readings of the path lead to two routes")
    settled = _without_credential(policy, target, [demand.route for demand in demands])
    if settled is None:
        return tuple(demands)
    if recorder is not None:
        broken = None if isinstance(settled, Allow) else settled.reason
        recorder.step("credential", broken, _SETTLED[settled.reason])
    return settled


def _demand(policy: Policy, target: Target, reading: Reading, recorder: Recorder | None) -> Match | Deny:
    found = policy.table.first_match(target, reading)
    if recorder is not None:
        recorder.step("route", *_route_words(found))
    if found is None:
        return Deny(reason=Reason.NO_ROUTE)
    if isinstance(found, Refused):
        return Deny(reason=found.reason, route=found.route)
    missing = target.leniences - found.route.lenient
    if missing:
        detail = ", ".join(sorted(missing))
        if recorder is not None:
            recorder.step("path", Reason.AMBIGUOUS_REQUEST, f"servers read this path differently: {detail}")
        return Deny(reason=Reason.AMBIGUOUS_REQUEST, route=found.route, detail=detail)
    if found.route.access is Access.DENY:
        return Deny(reason=Reason.ROUTE_DENIES, route=found.route)
    return found


def plain_demand(asked: Target, buckets: tuple[Bucket, ...], path: bytes) -> Match | None:
    """What `choose` comes to for `asked`, no preflight, with this path in place of its own; None where it decides.

    `buckets`: those of the policy's table for the host. `path`: as `plain_path` found it; it has one reading, so that
    there is no leniency to ask for and no other route to agree with.
    """
    found = first_in(buckets, asked, segments_of(path))
    if not isinstance(found, Match):
        return None
    access = found.route.access
    return None if access is Access.DENY or access is Access.PUBLIC else found


_SETTLED = {
    Reason.PUBLIC: "the route is public: no credential is looked at",
    Reason.PREFLIGHT: "a CORS preflight passes without credential and without identity",
    Reason.NETWORK: "a CORS preflight, and not from a network of the route",
    Reason.NO_ADDRESS: "a CORS preflight from an address that is not known, where the route asks for a network",
}


def _without_credential(policy: Policy, target: Target, routes: Sequence[Route]) -> Allow | Deny | None:
    """What needs no credential: preflights and public routes. The routes of all readings are alike."""
    route = routes[0]
    if target.preflight and route.allow_preflight:
        for one in routes:
            if one.networks is not None and (target.address is None or target.address not in one.networks):
                return Deny(reason=Reason.NO_ADDRESS if target.address is None else Reason.NETWORK, route=one)
        return Allow(reason=Reason.PREFLIGHT, route=route, headers=policy.identity.nobody)
    if route.access is Access.PUBLIC:
        return Allow(reason=Reason.PUBLIC, route=route, headers=policy.identity.nobody)
    return None


def decide(
    policy: Policy,
    target: Target,
    demands: tuple[Match, ...],
    evidence: Evidence,
    now: datetime,
    recorder: Recorder | None = None,
) -> Decision:
    """Hold the evidence against every demand; Allow only when each one allows with the same identity."""
    route = demands[0].route
    match evidence:
        case NoCredential():
            return _refuse(Reason.NO_CREDENTIAL, route, recorder=recorder)
        case Ambiguous(detail):
            return _refuse(Reason.AMBIGUOUS_REQUEST, route, detail=detail, recorder=recorder)
        case Rejected(reason=reason, handle=name):
            return _refuse(reason, route, handle=name, recorder=recorder)
        case NotChecked(reason=reason, detail=detail, handle=name, retry_after_s=retry_after_s):
            if recorder is not None:
                recorder.step("credential", reason, detail or reason.value)
            return Deny(reason=reason, route=route, detail=detail, handle=name, retry_after_s=retry_after_s)
        case Proven():
            return _decide_proven(policy, target, demands, evidence, now, recorder)


def _decide_proven(
    policy: Policy,
    target: Target,
    demands: tuple[Match, ...],
    proven: Proven,
    now: datetime,
    recorder: Recorder | None,
) -> Decision:
    token, owner = proven.token, proven.owner
    for demand in demands:
        case = Case(policy, target, demand, proven, now)
        for rule in RULES:
            broken = rule.broken(case)
            if recorder is not None:
                recorder.step(rule.name, broken, rule.words(case))
            if broken is not None:
                name = handle(policy.brand, token.kind, token.id)
                return _refuse(broken, demand.route, handle=name, proven=True)
    route = demands[0].route
    app_authorization = None
    if route.app_secret is not None:
        app_authorization = route.app_secret.of(owner.login)
        broken = Reason.NO_APP_SECRET if app_authorization is None else None
        if recorder is not None:
            found = "Authorization: from" if broken is None else f"nothing for {owner.login} in"
            recorder.step("app credential", broken, f"{found} {route.app_secret.source}")
        if broken is not None:
            return _refuse(broken, route, handle=handle(policy.brand, token.kind, token.id), proven=True)
    headers = policy.identity.headers(route.identity, owner=owner, token=token, brand=policy.brand)
    if headers is None:
        return Deny(reason=Reason.IDENTITY_TOO_LARGE, route=route, handle=handle(policy.brand, token.kind, token.id))
    return Allow(
        reason=Reason.TOKEN,
        route=route,
        headers=headers,
        app_authorization=app_authorization,
        token=token,
        owner=owner,
    )


def _refuse(
    reason: Reason,
    route: Route,
    *,
    detail: str = "",
    handle: str = "",
    proven: bool = False,
    recorder: Recorder | None = None,
) -> Deny | Challenge:
    if recorder is not None:
        recorder.step("credential", reason, detail or reason.value)
    kind = Challenge if OUTSIDE[reason].status == 401 else Deny
    return kind(reason=reason, route=route, detail=detail, handle=handle, proven=proven)


def _alike(one: Route, other: Route) -> bool:
    """Whether two routes lead to the same Allow: same credential sought, same identity and same strips handed on."""
    return one is other or (
        (one.access is Access.PUBLIC) == (other.access is Access.PUBLIC)
        and one.allow_preflight == other.allow_preflight
        and one.credentials == other.credentials
        and one.identity == other.identity
        and one.authorization == other.authorization
        and one.app_secret == other.app_secret
        and one.cookies == other.cookies
        and one.rate == other.rate
    )


def _route_words(found: Match | Refused | None) -> tuple[Reason | None, str]:
    if found is None:
        return Reason.NO_ROUTE, "no route matches: denied by default"
    if isinstance(found, Refused):
        return found.reason, f"{found.route.name} (line {found.route.line}) can be neither taken nor passed over"
    route = found.route
    return (Reason.ROUTE_DENIES if route.access is Access.DENY else None), f"{route.name} (line {route.line})"
