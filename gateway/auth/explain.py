"""The use case behind `explain`: one request, walked through the very functions that decide checks, written down.

There is no second implementation: `choose` and `decide` are given a recorder, and a token is authenticated as a check
would do it, or, when only its id is known, taken as if its current secret had matched.
"""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.auth.desk import Desk
from gateway.auth.evidence_of import Authenticate, evidence_of
from gateway.auth.power import refuse_without
from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.token_known import known_token
from gateway.config.kinds.rates import rate_text
from gateway.core.credential import Credential, agree, present, query_names
from gateway.core.decision import Allow, Decision, Deny, choose, decide
from gateway.core.evidence import Evidence, Proven
from gateway.core.network import Networks
from gateway.core.owner import TokenRecord
from gateway.core.parameters import urlencoded
from gateway.core.policy import Policy
from gateway.core.power import Actor
from gateway.core.reason import Reason
from gateway.core.routes import Route, mismatch
from gateway.core.target import Malformed, Target, parse_target

_OTHER_HOST = "host "  # how `mismatch` begins when it is the host that differs
MAX_PASSED = 20  # routes of the same host that are named with what they differ in


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """The facts of a request, as a proxy would tell them. `forwarded_for` empty: the client's address is not known."""

    method: bytes
    uri: bytes
    host: bytes
    forwarded_for: bytes = b""
    preflight: bool = False


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token by its id alone: taken as if its current secret had been presented.

    `basic_user`: with this user by HTTP Basic; None: in another way that the route lists.
    """

    id: str
    basic_user: bytes | None = None


Presenter = Callable[[tuple[str, ...]], Credential]
"""What a client presents, given the transports that the route looks in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A client with a token, as a `Presenter`: sends it by `transport`, or by the first header transport of the route.

    `basic_user` is sent with HTTP Basic. A transport that the route does not list is not looked at, as in a check.
    """

    token: bytes
    transport: str | None = None
    basic_user: bytes = b""

    def __call__(self, credentials: tuple[str, ...]) -> Credential:
        transport = self.transport or next((one for one in credentials if not one.startswith(("query:", "form:"))), "")
        return present([self._header(transport)], credentials)

    def _header(self, transport: str) -> tuple[bytes, bytes]:
        if transport.startswith("header:"):
            return transport.removeprefix("header:").encode("ascii"), self.token
        if transport == "basic":
            return b"Authorization", b"Basic " + b64encode(self.basic_user + b":" + self.token)
        return b"Authorization", transport.encode("ascii") + b" " + self.token


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the walk: its stable name, the reason if the walk ended there, and what was compared."""

    name: str
    broken: Reason | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The decision that a check would get, how it came about, and what would have to change for another one."""

    decision: Decision
    steps: tuple[Step, ...]
    remedy: str


class _Walk:
    """A `Recorder` that keeps the steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, name: str, broken: Reason | None, words: str) -> None:
        self.steps.append(Step(name, broken, words))


async def explain_for(
    desk: Desk,
    policy: Policy,
    question: Question,
    asker: Presenter | KnownToken,
    *,
    actor: Actor,
    authenticate: Authenticate,
) -> Explained:
    """As `explain`, for whoever holds the permission of that name. Also about one's own token: the walk tells of
    routes, groups and networks that are none of its owner's business. About a token of somebody else, by its id, it
    takes `any_tokens` too; without, that is refused as one that is not there.
    """
    refuse_without(desk, actor, "explain", what="ask why a request passes or not")
    if isinstance(asker, KnownToken):
        await known_token(desk, actor, asker.id, await desk.store.load_token(asker.id))
    return await explain(
        policy,
        question,
        asker,
        skip=desk.settings.client_address.skip,
        authenticate=authenticate,
        load_token=desk.store.load_token,
        now=desk.now,
    )


async def explain(
    policy: Policy,
    question: Question,
    asker: Presenter | KnownToken,
    *,
    skip: Networks,
    authenticate: Authenticate,
    load_token: Callable[[str], Awaitable[TokenRecord | None]],
    now: Callable[[], datetime],
) -> Explained:
    """Decide as a check would, and say why. Refused `not_found` for a token id that is not known."""
    walk = _Walk()
    asked = await _record(asker, load_token) if isinstance(asker, KnownToken) else asker
    target = parse_target(
        method=question.method,
        uri=question.uri,
        host=question.host,
        forwarded_for=question.forwarded_for,
        skip=skip,
        preflight=question.preflight,
        weigh=policy.accepts_ambiguity,
    )
    if isinstance(target, Malformed):
        return _explained(Deny(reason=Reason.AMBIGUOUS_REQUEST, detail=target.detail), walk)
    walk.step("request", None, _target_words(target))
    demands = choose(policy, target, walk)
    if not isinstance(demands, tuple):
        return _explained(demands, walk, await asyncio.to_thread(_passed_over, policy, target, demands.route))
    passed = await asyncio.to_thread(_passed_over, policy, target, demands[0].route)  # thousands of routes, perhaps
    credentials = demands[0].route.credentials
    evidence: Evidence
    if isinstance(asked, Proven):
        evidence = asked
    else:
        # As a check does it; the URL's query is one of the transports.
        presented = agree(asked(credentials), urlencoded(target.query, query_names(credentials)))
        evidence = await evidence_of(
            presented, authenticate, policy=policy, credentials=credentials, target=target, now=now()
        )
    return _explained(decide(policy, target, demands, evidence, now(), walk), walk, passed)


async def _record(known: KnownToken, load_token: Callable[[str], Awaitable[TokenRecord | None]]) -> Proven:
    record = await load_token(known.id)
    current = None if record is None else next((one for one in record.secrets if one.ends_at is None), None)
    if record is None or current is None:
        raise Refused(
            NOT_FOUND, field="token", message=f"there is no token {known.id}", mend="see `token-gateway token list`"
        )
    return Proven.of(record, current, known.basic_user)


def _target_words(target: Target) -> str:
    address = target.address or "an address that is not known"
    ambiguous = f"; read differently by servers: {', '.join(sorted(target.leniences))}" if target.leniences else ""
    return f"{target.method} {target.host}{target.path} from {address}{ambiguous}"


def _passed_over(policy: Policy, target: Target, decided: Route | None) -> tuple[Step, ...]:
    """The routes of this host that stand before the deciding one, and what each of them differs in."""
    steps = []
    earlier = policy.table.routes if decided is None else policy.table.routes[: decided.index]
    for route in earlier:
        difference = mismatch(route, target, target.readings[0])
        if difference is not None and not difference.startswith(_OTHER_HOST):
            steps.append(Step("passed over", None, f"{route.name} (line {route.line}): {difference}"))
    if len(steps) > MAX_PASSED:
        more = Step("passed over", None, f"{len(steps) - MAX_PASSED} more routes of this host")
        return (*steps[:MAX_PASSED], more)
    return tuple(steps)


def _explained(decision: Decision, walk: _Walk, passed: tuple[Step, ...] = ()) -> Explained:
    steps = walk.steps
    at = next((number for number, step in enumerate(steps) if step.name == "route"), len(steps))
    steps[at:at] = passed
    if isinstance(decision, Allow) and decision.route.rate is not None:
        who = "one client network" if decision.token is None else "one token"
        words = f"{rate_text(decision.route.rate)} for {who}; how often it passed, the workers know: see `limited`"
        walk.step("rate", None, words)
    if not isinstance(decision, Allow) and not any(step.broken is decision.reason for step in steps):
        # Ended by what no rule looks at: a malformed request, readings that differ, an identity that is too large.
        steps.append(Step("request", decision.reason, decision.detail or decision.reason.value))
    return Explained(decision=decision, steps=tuple(steps), remedy=REMEDY.get(decision.reason, ""))


REMEDY: dict[Reason, str] = {
    Reason.AMBIGUOUS_REQUEST: "The client must send one plain request: one credential, and a path that every server "
    "reads alike. If the app needs such paths, name the kind in the route's `lenient:`.",
    Reason.NO_ADDRESS: "The client's address must be known here: give --ip. In a real check, the proxy must send "
    "X-Forwarded-For.",
    Reason.NO_ROUTE: "Add a route for this host, path and method; what no route names is denied.",
    Reason.ROUTE_DENIES: "The route says `deny: true`; put a route that allows it before this one, or remove it.",
    Reason.NO_CREDENTIAL: "Present a token in a way that the route lists under `credentials:`.",
    Reason.MALFORMED_TOKEN: "This is not a token of this installation: cut off, mistyped, or of another brand. Copy "
    "it whole.",
    Reason.UNKNOWN_TOKEN: "There is no token of this id in this store. Create one, or look at `store.url`.",
    Reason.WRONG_SECRET: "The id is known, the secret is not: the token was rotated long ago, or this is a forgery. "
    "Use its newest secret, or rotate it.",
    Reason.STALE_SECRET: "The token was rotated and this secret's grace is over; use the newer one.",
    Reason.IMPORT_ENDED: "Tokens of Request Tracker are not taken any more (`import.rt_until`): rotate the token, and "
    "use its new secret.",
    Reason.BASIC_USER: "Send no user name, `__token__`, the owner's login, or one of `tokens.basic_users`.",
    Reason.EXPIRED: "The token has expired; create a new one.",
    Reason.IDLE: "The token was not used for longer than its idle expiry allows, and ends with its next use; create a "
    "new one. Until then `token-gateway token rotate` or `token edit --idle` keeps it alive.",
    Reason.REVOKED: "The token is revoked, for good; create a new one.",
    Reason.SUSPENDED: "The token is suspended; resume it.",
    Reason.OWNER_DISABLED: "Enable the owner (`token-gateway user enable` or `app enable`); that brings all of its "
    "tokens back.",
    Reason.OWNER_UNCONFIRMED: "The single sign-on has not vouched for the owner for longer than "
    "`tokens.reconfirm_every`: they sign in once, or `token-gateway user sync` or `user confirm` vouches for them.",
    Reason.PERMISSION: "The owner must be in a group that holds `own_tokens` (`permissions:`).",
    Reason.LOGIN: "The path must name the login of the token's owner where the route says {login}.",
    Reason.KIND: "The route takes another kind of token; use one, or change the route's `kinds:`.",
    Reason.INSUFFICIENT_SCOPE: "Use a token that has the scopes which the route asks for.",
    Reason.GROUP: "The owner must be in one of the groups that the route asks for.",
    Reason.NETWORK: "The request must come from a network that both the token and the route allow.",
    Reason.HOST: "The token works on the hosts that it names; edit those, or use another token.",
    Reason.NO_APP_SECRET: "Write the app's credential for this owner into a file of the route's `secret_file` folder, "
    "named as the login, and reload.",
    Reason.IDENTITY_TOO_LARGE: "The identity headers would exceed 3 kB; let the identity set forward fewer groups "
    "(`only:`).",
    Reason.UNAVAILABLE: "The store or the hashing pool did not answer in time; see the gateway's log and "
    "/health/ready.",
}
"""What would have to change, for every reason that a walk can end with; `limited` and the peer's are not among them."""
