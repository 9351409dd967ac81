"""Checks that differ from one that was judged in the client's URI alone, or in that and the bearer token.

What they have in common is an `Asker`. Their path is read and their route looked up each time, by the functions that
every check takes. An Allow is given that stands; a refusal only for what the token, by memory alone, is refused for,
decided once for each route, reason and time to wait, and limited, noted, measured and logged each time.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final

from gateway.auth.authenticate import Authenticator
from gateway.auth.limits import too_often
from gateway.core.credential import Presented, present, query_names
from gateway.core.decision import Allow, Deny, decide, plain_demand
from gateway.core.evidence import Rejected
from gateway.core.headers import SingleHeaders
from gateway.web.check.answer import accepts_html, refused
from gateway.web.check.dialect import Answer, BadFacts, Dialect
from gateway.web.check.noted import RefusalNotes
from gateway.web.check.settings import target_of
from gateway.web.check.standing import Asker, Refusal, Standing

if TYPE_CHECKING:
    from gateway.web.check.service import CheckService

MOST_REFUSALS: Final = 64  # of one asker; they differ by reason, route and how long to wait
_ANOTHER_URI, _ANOTHER_TOKEN = b"/another", b"another"


class Askers:
    """One per process, on the loop thread. It judges by the settings that the service has at the moment."""

    def __init__(
        self,
        service: "CheckService",
        *,
        authenticator: Authenticator,
        notes: RefusalNotes,
        clock: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._authenticator = authenticator
        self._notes = notes
        self._clock = clock

    def asker(self, dialect: Dialect, headers: SingleHeaders, uri_name: bytes) -> Asker | None:
        """For checks that differ from this one in the value of that header alone; None unless that is only the URI."""
        facts, settings = dialect.facts(headers), self._service.settings
        other = dialect.facts(SingleHeaders({**headers.values, uri_name: _ANOTHER_URI}))
        if isinstance(facts, BadFacts) or isinstance(other, BadFacts) or facts.method == b"OPTIONS":
            return None
        if other != facts._replace(uri=_ANOTHER_URI) or uri_name in settings.policy.credential_headers:
            return None
        asked = target_of(facts._replace(uri=b"/"), headers, settings)
        if isinstance(asked, Deny):
            return None
        buckets = settings.policy.table.buckets(asked.host)
        return Asker(settings=settings, asked=asked, buckets=buckets, dialect=dialect, wants_html=accepts_html(headers))

    def is_current(self, asker: Asker) -> bool:
        """Whether the asker is of the configuration of this moment."""
        return asker.settings is self._service.settings

    def recall(self, asker: Asker, path: bytes) -> Standing | None:
        """The Allow that stands for this path of the asker, counted like any other; None: nothing is done."""
        if asker.settings is not self._service.settings:
            return None
        demand = plain_demand(asker.asked, asker.buckets, path)
        if demand is None:
            return None
        standing = asker.standings.get((demand.route.index, demand.login))
        return None if standing is None or not self._service.again(standing) else standing

    def learn_bearer(self, asker: Asker, headers: SingleHeaders, path: bytes, token: bytes) -> None:
        """Note whether, where this path leads, checks like this one present their bearer token and nothing else."""
        demand = plain_demand(asker.asked, asker.buckets, path)
        if demand is None or query_names(demand.route.credentials):
            return
        other = SingleHeaders({**headers.values, b"authorization": b"Bearer " + _ANOTHER_TOKEN})
        if present(headers, demand.route.credentials) == Presented(token=token) and present(
            other, demand.route.credentials
        ) == Presented(token=_ANOTHER_TOKEN):
            asker.bearers.add(demand.route.index)

    def refuse(self, asker: Asker, path: bytes, token: bytes) -> Refusal | None:
        """The refusal of this bearer token on this path, counted like any other; None: nothing is done, judge it."""
        service = self._service
        settings = service.settings
        if asker.settings is not settings:
            return None
        demand = plain_demand(asker.asked, asker.buckets, path)
        if demand is None or demand.route.index not in asker.bearers:
            return None
        refuted = self._authenticator.refusal(token)
        if refuted is None:
            return None
        wait_s = service.limits.failed(refuted.reason, asker.network, settings.limits)
        key = demand.route.index, refuted.reason, wait_s
        refusal = asker.refusals.get(key)
        if refusal is None:
            if len(asker.refusals) >= MOST_REFUSALS:
                asker.refusals.clear()
            rejected = Rejected(reason=refuted.reason)
            evidence = too_often(rejected, wait_s) if wait_s else rejected
            decision = decide(settings.policy, asker.asked, (demand,), evidence, self._clock())
            if isinstance(decision, Allow):
                raise TypeError("no evidence, and an Allow")
            refusal = asker.refusals[key] = Refusal(decision)
        self._notes.refused_alike(asker, refusal, refuted, path)
        return refusal

    def answer(self, asker: Asker, refusal: Refusal) -> Answer:
        """How that is told."""
        settings = self._service.settings
        return asker.dialect.reply(
            refused(
                refusal.decision,
                wants_html=asker.wants_html,
                realm=settings.realm,
                support_contact=settings.support_contact,
                portal=settings.portal,
            )
        )
