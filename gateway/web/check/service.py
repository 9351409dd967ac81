"""One check, from headers to answer, the same for every lane and every dialect.

Order (DESIGN 3): facts, target, route, and only then the credential, looked for where that route says. Invariant: every
way out of here that is not a `decide` that said Allow is a refusal; an exception is a refusal too.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from gateway.auth.authenticate import Authenticator
from gateway.auth.evidence_of import evidence_of
from gateway.auth.lease import boot_clock
from gateway.auth.limits import CheckLimits
from gateway.auth.turns import TRIES, turn_of
from gateway.auth.usage import UsageCounter
from gateway.core.credential import RT, Presented, query_names
from gateway.core.decision import Allow, Decision, Deny, choose, decide
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.lru import Lru, Recent
from gateway.core.reason import Reason
from gateway.core.route import Match
from gateway.core.rt_token import parse_rt_token
from gateway.core.target import Target
from gateway.core.until import allowed_until
from gateway.web.check.answer import accepts_html, allowed, echoes, refused
from gateway.web.check.askers import Askers
from gateway.web.check.dialect import Answer, BadFacts, Body, Dialect, Headers
from gateway.web.check.noted import CheckMetrics, RefusalNotes, Refusals
from gateway.web.check.presented import in_head, presented
from gateway.web.check.refusal_log import RefusalLog
from gateway.web.check.settings import CheckSettings, target_of
from gateway.web.check.standing import STANDINGS, Known, Question, Standing
from gateway.web.check.wire import reply

__all__ = ["CheckMetrics", "CheckService", "CheckSettings", "Refusals"]

log = structlog.get_logger("check")


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
        self.settings = settings
        self.led_to: defaultdict[str, int] = defaultdict(int)  # checks by the name of their route
        self._standings: Lru[Question, Standing] = Recent(STANDINGS)
        self._authenticator = authenticator
        self._usage = usage
        self._metrics = metrics
        self._log = RefusalLog(ticks)
        self._notes = RefusalNotes(metrics=metrics, led_to=self.led_to, refusals=refusals, log=self._log, clock=clock)
        self._clock = clock
        self.askers = Askers(self, authenticator=authenticator, notes=self._notes, clock=clock)

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
            reply(answer, keeps_alive=True),
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

    def again(self, standing: Standing) -> bool:
        """Count, limit and measure one more check that an Allow stands for. False: nothing is done, judge it."""
        settings, authenticator = self.settings, self._authenticator
        if standing.settings is not settings or not authenticator.still_holds(standing.epoch):
            return False
        now = self._clock()
        if standing.until is not None and now >= standing.until:
            return False
        token_id, address, route, limits = standing.token_id, standing.address, standing.route, settings.limits
        wait_s = 0.0
        if route.rate is not None:
            wait_s, _ = self.limits.over(route, token_id, address, limits)
        elif limits.token is not None and token_id is not None:
            wait_s, standing.bucket = self.limits.again(token_id, standing.bucket, limits.token)
        if wait_s:
            return False
        self._metrics.checked(standing.dialect, standing.reason)
        self.led_to[route.name] += 1
        if token_id is not None:
            authenticator.hits += 1
            standing.uses = self._usage.count(token_id, now, address, standing.uses)
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
            read = _bad(facts) if isinstance(facts, BadFacts) else target_of(facts, headers, settings)
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
        target = target_of(facts, headers, settings)
        if isinstance(target, Deny):
            return _Judged(None, target)
        demands = choose(policy, target)
        if not isinstance(demands, tuple):
            return _Judged(target, demands)
        route, login = demands[0].route, demands[0].login
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
                return Known(None, standing, question)
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
        self, settings: CheckSettings, target: Target, demands: tuple[Match, ...], credential: Presented
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
            self.led_to[decision.route.name] += 1
            if decision.token is not None:
                self._usage.count(decision.token.id, self._clock(), None if target is None else target.address)
            return dialect.reply(allowed(decision, headers, settings.policy))
        self._notes.refused(dialect.name, decision, target)
        wants_html = accepts_html(headers)
        return dialect.reply(
            refused(
                decision,
                wants_html=wants_html,
                realm=settings.realm,
                support_contact=settings.support_contact,
                portal=settings.portal,
            )
        )


class _Judged(NamedTuple):
    """A decision from memory; with the evidence of an Allow, and under what its answer may be kept."""

    target: Target | None
    decision: Decision
    proven: Proven | None = None
    question: Question | None = None


def _bad(facts: BadFacts) -> Deny:
    return Deny(reason=Reason.BAD_FACTS, detail=facts.detail)
