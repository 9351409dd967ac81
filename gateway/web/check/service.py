"""One check, from headers to answer, the same for every lane and every dialect.

Order (DESIGN 3): facts, target, route, and only then the credential, looked for where that route says. Invariant: every
way out of here that is not a `decide` that said Allow is a refusal; an exception is a refusal too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import structlog

from gateway.auth.authenticate import Authenticator
from gateway.auth.evidence_of import evidence_of
from gateway.auth.lease import boot_clock
from gateway.auth.limits import UNLIMITED, CheckLimits, RateLimits
from gateway.auth.turns import TRIES, turn_of
from gateway.auth.usage import UsageCounter
from gateway.core.credential import RT, Presented, present, query_names
from gateway.core.decision import Allow, Challenge, Decision, Deny, choose, decide
from gateway.core.evidence import Demand, NotChecked, Proven, Rejected
from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru
from gateway.core.network import Networks
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.rt_token import parse_rt_token
from gateway.core.target import Malformed, Target, parse_target, plain_target
from gateway.core.until import allowed_until
from gateway.web.check.answer import accepts_html, allowed, echoes, refused
from gateway.web.check.dialect import Answer, BadFacts, Body, Dialect, Facts, Headers
from gateway.web.check.presented import in_head, presented
from gateway.web.check.refusal_log import RefusalLog
from gateway.web.check.standing import STANDINGS, Asker, Known, Question, Standing

log = structlog.get_logger("check")
_ANOTHER_URI, _ANOTHER_TOKEN = b"/another", b"another"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What a check needs of the configuration. Replaced whole at a reload."""

    policy: Policy
    skip: Networks
    realm: str
    support_contact: str
    limits: RateLimits = UNLIMITED


class CheckMetrics(Protocol):
    """Counts checks; no label per token, path or user."""

    def checked(self, dialect: str, reason: Reason) -> None:
        """One answered check."""
        ...


class Refusals(Protocol):
    """Keeps what was refused, for the audit. Called on the check's path: it counts, and waits for nothing."""

    def refused(self, decision: Deny | Challenge, target: Target | None, at: datetime) -> None:
        """One refused check."""
        ...


class CheckService:
    """Answers checks. One per process, on the loop thread."""

    def __init__(
        self,
        settings: CheckSettings,
        *,
        authenticator: Authenticator,
        usage: UsageCounter,
        refusals: Refusals,
        metrics: CheckMetrics,
        clock: Callable[[], datetime],
        ticks: Callable[[], float] = boot_clock,
    ) -> None:
        """`ticks`: seconds that never go back, for what is limited."""
        self.limits = CheckLimits(ticks)
        self._log = RefusalLog(ticks)
        self.settings = settings
        self._standings: Lru[Question, Standing] = Lru(STANDINGS)
        self._authenticator = authenticator
        self._usage = usage
        self._refusals = refusals
        self._metrics = metrics
        self._clock = clock

    def counted(self) -> dict[str, Lru[Any, Any]]:
        """What is remembered and counted here, by the name that the metrics have for it."""
        return {"allows": self._standings, "logged_refusals": self._log.each.filled, **self.limits.counted()}

    def recall(self, dialect: Dialect, headers: Headers) -> Known | None:
        """Answer one check of a trusted peer, without a body, from memory alone; None: nothing is done, ask `check`.

        Never raises.
        """
        settings = self.settings
        try:
            judged = self._recall(settings, dialect, headers)
            if not isinstance(judged, _Judged):
                return judged
            target = judged.target
            decision = self.limits.held(judged.decision, target, settings.limits, settings.policy.brand)
        except Exception:  # as in `check`
            log.exception("check failed")
            target, decision = None, Deny(reason=Reason.INTERNAL_ERROR)
            judged = _Judged(None, decision)
        answer = self._answer(dialect, headers, settings, decision, target)
        if not isinstance(decision, Allow) or target is None or target.leniences:
            return Known(answer, None)
        if echoes(decision.route, headers, settings.policy):  # it may hold the token
            return Known(answer, None)
        standing = Standing(
            answer,
            settings=settings,
            epoch=self._authenticator.epoch,  # there was no await since the evidence was true
            until=None if judged.proven is None else allowed_until(judged.proven, settings.policy),
            dialect=dialect.name,
            reason=decision.reason,
            route=decision.route,
            token_id=None if decision.token is None else decision.token.id,
            address=target.address,
        )
        if judged.question is not None:
            self._standings.put(judged.question, standing)
        return Known(answer, standing, judged.question)

    def asker(self, dialect: Dialect, headers: SingleHeaders, uri_name: bytes) -> Asker | None:
        """For checks that differ from this one in the value of that header alone; None unless that is only the URI."""
        facts, settings = dialect.facts(headers), self.settings
        other = dialect.facts(SingleHeaders({**headers.values, uri_name: _ANOTHER_URI}))
        if isinstance(facts, BadFacts) or isinstance(other, BadFacts) or facts.method == b"OPTIONS":
            return None
        if other != facts._replace(uri=_ANOTHER_URI) or uri_name in settings.policy.credential_headers:
            return None
        asked = _target(facts._replace(uri=b"/"), headers, settings)
        if isinstance(asked, Deny):
            return None
        return Asker(settings=settings, asked=asked, dialect=dialect, wants_html=accepts_html(headers))

    def recall_alike(self, asker: Asker, uri: bytes) -> Standing | None:
        """The Allow that stands for this URI of the same asker, counted like any other; None: nothing is done."""
        settings = self.settings
        if asker.settings is not settings:
            return None
        target = plain_target(asker.asked, uri)
        if target is None:
            return None
        demands = choose(settings.policy, target)
        if not isinstance(demands, tuple):
            return None
        route, login = demands[0]
        standing = asker.standings.get((route.index, login))
        return standing if standing is not None and self.again(standing) else None

    def learn_bearer(self, asker: Asker, headers: SingleHeaders, uri: bytes, token: bytes) -> None:
        """Note whether, where this URI leads, checks like this one present their bearer token and nothing else."""
        target = plain_target(asker.asked, uri)
        demands = None if target is None else choose(self.settings.policy, target)
        if not isinstance(demands, tuple) or query_names(demands[0].route.credentials):
            return
        route = demands[0].route
        other = SingleHeaders({**headers.values, b"authorization": b"Bearer " + _ANOTHER_TOKEN})
        if present(headers, route.credentials) == Presented(token=token) and present(
            other, route.credentials
        ) == Presented(token=_ANOTHER_TOKEN):
            asker.bearers.add(route.index)

    def refuse_alike(self, asker: Asker, uri: bytes, token: bytes) -> Deny | Challenge | None:
        """The refusal of this bearer token at this URI, counted like any other; None: nothing is done, judge it."""
        settings = self.settings
        target = None if asker.settings is not settings else plain_target(asker.asked, uri)
        demands = None if target is None else choose(settings.policy, target)
        if not isinstance(demands, tuple) or demands[0].route.index not in asker.bearers:
            return None
        rejected = self._authenticator.refusal(token)
        if rejected is None:
            return None
        evidence = self.limits.judged(rejected, asker.asked.address, settings.limits)
        decision = decide(settings.policy, target or asker.asked, demands, evidence, self._clock())
        if isinstance(decision, Allow):
            raise TypeError("no evidence, and an Allow")
        self._count_refusal(asker.dialect.name, decision, target)
        return decision

    def refusal(self, asker: Asker, decision: Deny | Challenge) -> Answer:
        """How that is told."""
        settings, wants_html = self.settings, asker.wants_html
        return asker.dialect.reply(
            refused(decision, wants_html=wants_html, realm=settings.realm, support_contact=settings.support_contact)
        )

    def again(self, standing: Standing) -> bool:
        """Count, limit and measure one more check that an Allow stands for. False: nothing is done, judge it."""
        settings = self.settings
        if standing.settings is not settings or not self._authenticator.still_holds(standing.epoch):
            return False
        now = self._clock()
        if standing.until is not None and now >= standing.until:
            return False
        route, token_id, address = standing.route, standing.token_id, standing.address
        if route.rate is not None or settings.limits.token is not None:
            wait_s, _ = self.limits.over(route, token_id, address, settings.limits)
            if wait_s:
                return False
        self._metrics.checked(standing.dialect, standing.reason)
        if token_id is not None:
            self._authenticator.hits += 1
            self._usage.count(token_id, now, address)
        return True

    async def check(self, dialect: Dialect, headers: Headers, body: Body | None = None) -> Answer:
        """Answer one check of a trusted peer. Never raises. `body` None: the check announces none."""
        known = self.recall(dialect, headers) if body is None else None
        if known is not None:
            return known.answer
        settings = self.settings
        target: Target | None = None
        decision: Decision
        try:
            facts = dialect.facts(headers)
            read = _bad(facts) if isinstance(facts, BadFacts) else _target(facts, headers, settings)
            if isinstance(read, Target):
                target = read
                decision = await self._decide(settings, target, headers, body if dialect.carries_form else None)
                decision = self.limits.held(decision, target, settings.limits, settings.policy.brand)
            else:
                decision = read
        except Exception:  # the request boundary: whatever went wrong inside, the answer is a refusal
            log.exception("check failed")
            decision = Deny(reason=Reason.INTERNAL_ERROR)
        return self._answer(dialect, headers, settings, decision, target)

    def refuse_peer(self, dialect: Dialect, headers: Headers) -> Answer:
        """Refuse a peer outside `trusted_proxies`, whatever it sent; its headers are not read as facts."""
        return self._answer(dialect, headers, self.settings, Deny(reason=Reason.UNTRUSTED_PEER), None)

    def _recall(self, settings: CheckSettings, dialect: Dialect, headers: Headers) -> "_Judged | Known | None":
        """The decision, or an answer that stands; None when it takes the store, a hash or a turn."""
        policy = settings.policy
        facts = dialect.facts(headers)
        if isinstance(facts, BadFacts):
            return _Judged(None, _bad(facts))
        target = _target(facts, headers, settings)
        if isinstance(target, Deny):
            return _Judged(None, target)
        demands = choose(policy, target)
        if not isinstance(demands, tuple):
            return _Judged(target, demands)
        route, login = demands[0]
        credential = in_head(headers, target.query, route.credentials)
        if not isinstance(credential, Presented):
            return _Judged(target, decide(policy, target, demands, credential, self._clock()))
        if RT in route.credentials and parse_rt_token(credential.token) is not None:
            return None
        question: Question | None = None
        if not (target.leniences or query_names(route.credentials) or echoes(route, headers, policy)):
            digest, user = self._authenticator.digest(credential.token), credential.basic_user
            question = (digest, user, route.index, login, facts.host, facts.forwarded_for, dialect.name)
            standing = self._standings.get(question)
            if standing is not None and self.again(standing):
                return Known(standing.answer, standing, question)
        evidence = self._authenticator.remembered(credential.token, credential.basic_user)
        if evidence is None:
            return None
        now = self._clock()
        if isinstance(evidence, Rejected):
            judged = self.limits.judged(evidence, target.address, settings.limits)
            return _Judged(target, decide(policy, target, demands, judged, now))
        decision = decide(policy, target, demands, evidence, now)
        return None if turn_of(decision, evidence, now) is not None else _Judged(target, decision, evidence, question)

    async def _decide(self, settings: CheckSettings, target: Target, headers: Headers, body: Body | None) -> Decision:
        policy = settings.policy
        demands = choose(policy, target)
        if not isinstance(demands, tuple):
            return demands
        credential = await presented(headers, target.query, body, demands[0].route.credentials)
        if not isinstance(credential, Presented):
            return decide(policy, target, demands, credential, self._clock())
        return await self._judge(settings, target, demands, credential)

    async def _judge(
        self, settings: CheckSettings, target: Target, demands: tuple[Demand, ...], credential: Presented
    ) -> Decision:
        """Authenticate and decide; once more after a turn in the token's life that this very check brings about."""
        policy = settings.policy
        for _ in range(TRIES):
            evidence = await evidence_of(
                credential,
                self._authenticator.authenticate,
                policy=policy,
                credentials=demands[0].route.credentials,
                target=target,
                now=self._clock(),
            )
            evidence = self.limits.judged(evidence, target.address, settings.limits)
            now = self._clock()
            decision = decide(policy, target, demands, evidence, now)
            turn = turn_of(decision, evidence, now)
            if turn is None:
                return decision
            address = str(target.address or "")
            failed = await self._authenticator.settle(turn, address=address, write_uses=self._usage.write)
            if failed is not None:
                return decide(policy, target, demands, failed, now)
        changing = NotChecked(reason=Reason.UNAVAILABLE, detail="the token kept changing while it was checked")
        return decide(policy, target, demands, changing, self._clock())

    def _answer(
        self, dialect: Dialect, headers: Headers, settings: CheckSettings, decision: Decision, target: Target | None
    ) -> Answer:
        if isinstance(decision, Allow):
            self._metrics.checked(dialect.name, decision.reason)
            if decision.token is not None:
                self._usage.count(decision.token.id, self._clock(), None if target is None else target.address)
            return dialect.reply(allowed(decision, headers, settings.policy))
        self._count_refusal(dialect.name, decision, target)
        wants_html = accepts_html(headers)
        return dialect.reply(
            refused(decision, wants_html=wants_html, realm=settings.realm, support_contact=settings.support_contact)
        )

    def _count_refusal(self, dialect: str, decision: Deny | Challenge, target: Target | None) -> None:
        self._metrics.checked(dialect, decision.reason)
        self._refusals.refused(decision, target, self._clock())
        if decision.reason is not Reason.UNTRUSTED_PEER:  # of those, the listener tells the address once a minute
            self._log.refused(dialect, decision, target)


class _Judged(NamedTuple):
    """A decision from memory; with the evidence of an Allow, and under what its answer may be kept."""

    target: Target | None
    decision: Decision
    proven: Proven | None = None
    question: Question | None = None


def _bad(facts: BadFacts) -> Deny:
    return Deny(reason=Reason.BAD_FACTS, detail=facts.detail)


def _target(facts: Facts, headers: Headers, settings: CheckSettings) -> Target | Deny:
    target = parse_target(
        method=facts.method,
        uri=facts.uri,
        host=facts.host,
        forwarded_for=facts.forwarded_for,
        skip=settings.skip,
        preflight=facts.method == b"OPTIONS" and is_preflight(headers),
        weigh=settings.policy.accepts_ambiguity,
    )
    if isinstance(target, Malformed):
        return Deny(reason=Reason.AMBIGUOUS_REQUEST, detail=target.detail)
    return target


def is_preflight(headers: Headers) -> bool:
    """Whether a request with method OPTIONS is a CORS preflight (Fetch standard: both headers are there)."""
    names = {name.lower() for name, _ in headers}
    return b"origin" in names and b"access-control-request-method" in names
