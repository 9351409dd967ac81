"""Checks that differ from one that was judged in the client's URI alone, or in that and the bearer token.

What they have in common is an `Asker`. Their path is read and their route looked up each time, by the functions that
every check takes. An Allow is given that stands; a refusal only for what the token, by memory alone, is refused for,
decided once for each route, reason and time to wait, and limited, noted, measured and logged each time.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from gateway.auth.authenticate import Authenticator
from gateway.auth.limits import network, too_often
from gateway.core.credential import Presented, present, query_names
from gateway.core.decision import Allow, Deny, decide, plain_demand
from gateway.core.evidence import Rejected
from gateway.core.headers import SingleHeaders
from gateway.core.lru import Lru, Recent
from gateway.core.target import Target
from gateway.web.check.answer import accepts_html, refused
from gateway.web.check.dialect import Answer, BadFacts, Dialect
from gateway.web.check.noted import RefusalNotes
from gateway.web.check.settings import target_of
from gateway.web.check.standing import MOST_ROUTES, Asker, Place, Refusal, Standing

if TYPE_CHECKING:
    from gateway.web.check.service import CheckService

MOST_REFUSALS: Final = 64  # of one asker on one route; they differ by reason and how long to wait
PLACES: Final = 4_096
_ANOTHER_URI, _ANOTHER_TOKEN = b"/another", b"another"


class Came(Protocol):
    """How a check came: what of its head is no header."""

    @property
    def method(self) -> bytes:
        """Of the check itself; what the client's was is a fact."""
        ...

    @property
    def is_http_10(self) -> bool:
        """By HTTP/1.0, not 1.1."""
        ...

    @property
    def keeps_alive(self) -> bool:
        """Whether the peer wants to ask again on this connection."""
        ...


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
        self.places: Lru[tuple[Dialect, Target, bool], Place] = Recent(PLACES)

    def asker(self, dialect: Dialect, headers: SingleHeaders, uri_name: bytes, came: Came) -> Asker | None:
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
        place = self._place(dialect, asked, wants_html=accepts_html(headers))
        return Asker(place, keeps_alive=came.keeps_alive, is_http_10=came.is_http_10, is_head=came.method == b"HEAD")

    def _place(self, dialect: Dialect, asked: Target, *, wants_html: bool) -> Place:
        settings = self._service.settings
        key = (dialect, asked, wants_html)
        place = self.places.get(key)
        if place is None or place.settings is not settings:
            buckets = settings.policy.table.buckets(asked.host)
            place = Place(settings, dialect, asked, wants_html, buckets, network(asked.address))
            self.places.put(key, place)
        return place

    def is_current(self, asker: Asker) -> bool:
        """Whether the asker is of the configuration of this moment."""
        return asker.place.settings is self._service.settings

    def recall(self, asker: Asker, path: bytes) -> Standing | None:
        """The Allow that stands for this path of the asker, counted like any other; None: nothing is done."""
        place = asker.place
        if place.settings is not self._service.settings:
            return None
        demand = plain_demand(place.asked, place.buckets, path)
        if demand is None:
            return None
        standing = asker.standing(demand)
        return None if standing is None or not self._service.again(standing) else standing

    def learn_bearer(self, asker: Asker, headers: SingleHeaders, path: bytes, token: bytes) -> None:
        """Note whether, where this path leads, checks like this one present their bearer token and nothing else."""
        place = asker.place
        demand = plain_demand(place.asked, place.buckets, path)
        if demand is None or query_names(demand.route.credentials):
            return
        other = SingleHeaders({**headers.values, b"authorization": b"Bearer " + _ANOTHER_TOKEN})
        if present(headers, demand.route.credentials) == Presented(token=token) and present(
            other, demand.route.credentials
        ) == Presented(token=_ANOTHER_TOKEN):
            if asker.refusals is None or len(asker.refusals) >= MOST_ROUTES:
                asker.refusals = {}
            asker.refusals.setdefault(demand.route.index, {})

    def refuse(self, asker: Asker, path: bytes, token: bytes) -> Refusal | None:
        """The refusal of this bearer token on this path, counted like any other; None: nothing is done, judge it."""
        service, place = self._service, asker.place
        settings = service.settings
        if place.settings is not settings or asker.refusals is None:
            return None
        demand = plain_demand(place.asked, place.buckets, path)
        refusals = None if demand is None else asker.refusals.get(demand.route.index)
        if demand is None or refusals is None:
            return None
        refuted = self._authenticator.refusal(token)
        if refuted is None:
            return None
        wait_s = service.limits.failed(refuted.reason, place.network, settings.limits)
        key = refuted.reason, wait_s
        refusal = refusals.get(key)
        if refusal is None:
            if len(refusals) >= MOST_REFUSALS:
                refusals.clear()
            rejected = Rejected(reason=refuted.reason)
            evidence = too_often(rejected, wait_s) if wait_s else rejected
            decision = decide(settings.policy, place.asked, (demand,), evidence, self._clock())
            if isinstance(decision, Allow):
                raise TypeError("no evidence, and an Allow")
            refusal = refusals[key] = Refusal(decision)
        self._notes.refused_alike(place, refusal, refuted, path)
        return refusal

    def answer(self, place: Place, refusal: Refusal) -> Answer:
        """How that is told."""
        settings = self._service.settings
        return place.dialect.reply(
            refused(
                refusal.decision,
                wants_html=place.wants_html,
                realm=settings.realm,
                support_contact=settings.support_contact,
                portal=settings.portal,
            )
        )
