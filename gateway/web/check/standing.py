"""What has to hold for an Allow to be given once more without being judged anew (docs/decisions/0006)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, NamedTuple

from gateway.auth.usage import Tally
from gateway.core.decision import Challenge, Deny
from gateway.core.hosts import Bucket
from gateway.core.limits import Bucket as RateBucket
from gateway.core.network import Address
from gateway.core.reason import Reason
from gateway.core.route import Match, Route
from gateway.core.target import Reading, Target, segments_of
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.wire import Reply, unwritten

STANDINGS: Final = 12_000  # kept at once; about 1 kB each with ordinary identities

MOST_ROUTES: Final = 32  # of one asker, beside the first one

# All that an Allow follows from, beside what `Standing` holds it to: the keyed digest of the presented token, the Basic
# user, the route, the segment at `{login}`, the host, the chain of client addresses, and the dialect that is answered.
Question = tuple[bytes, bytes | None, int, str | None, bytes, bytes, str]


class Standing:
    """The Allow stands while the settings are the same object, the epoch is the same, and it is before `until`.

    `epoch` moves with every row of the change feed and with every turn in a token's life. `route`, `token_id` and
    `address` are what a repetition is counted and limited by; `bucket` and `uses`: where, once that was found. `reply`:
    the answer for a connection that stays open, as HTTP/1.1 has it; it is kept in no other form.
    """

    __slots__ = (
        "address",
        "bucket",
        "dialect",
        "epoch",
        "reason",
        "reply",
        "route",
        "settings",
        "token_id",
        "until",
        "uses",
    )

    def __init__(
        self,
        reply: Reply,
        *,
        settings: object,
        epoch: int,
        until: datetime | None,
        dialect: str,
        reason: Reason,
        route: Route,
        token_id: str | None,
        address: Address | None,
    ) -> None:
        self.reply = reply
        self.settings = settings
        self.epoch = epoch
        self.until = until
        self.dialect = dialect
        self.reason = reason
        self.route = route
        self.token_id = token_id
        self.address = address
        self.bucket: RateBucket | None = None
        self.uses: Tally | None = None


class Refusal:
    """What checks of one asker on one route are refused for, whichever token they present; `reply`: the bytes of it.

    `silent_until`: by the log's clock, until when there is no room for a line of it.
    """

    __slots__ = ("decision", "reply", "silent_until")

    def __init__(self, decision: Deny | Challenge) -> None:
        """`decision` names no token."""
        self.decision = decision
        self.reply: Reply | None = None
        self.silent_until: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What checks have in common that differ in the client's URI and the credential alone; shared by all of them.

    `asked`: what is asked for with the URI `/`. `wants_html`: whether they take a page for a refusal. `buckets`: where
    the table has the routes of the host. `network`: what failures are counted for.
    """

    settings: object
    dialect: Dialect
    asked: Target
    wants_html: bool
    buckets: tuple[Bucket, ...]
    network: bytes

    def target(self, path: bytes) -> Target:
        """What is asked for with this path, as `plain_path` found it."""
        segments = tuple(segments_of(path))
        return replace(self.asked, readings=(Reading(segments),), path=path.decode("ascii"))


class Asker:
    """Checks that differ in the client's URI alone, or in that and the bearer token, and what is known of them.

    No header of the check is in here. `refusals`: by index, the routes on which these checks present their bearer token
    and nothing else, and what they are refused for there, by reason and how long to wait; None while nobody looked.
    `is_usual`: by HTTP/1.1, on a connection that stays. `last_uri`: Python's own hash, keyed anew in every process, of
    the last URI among them; to tell whether it comes again. It is one object, and what all share is in `place`: there
    are thousands, and a check of one among thousands waits for memory.
    """

    __slots__ = (
        "_last",
        "_last_demand",
        "_more",
        "_one",
        "_one_for",
        "is_head",
        "is_http_10",
        "is_usual",
        "keeps_alive",
        "last_uri",
        "place",
        "refusals",
    )

    def __init__(self, place: Place, *, keeps_alive: bool, is_http_10: bool, is_head: bool) -> None:
        self.place = place
        self.keeps_alive = keeps_alive
        self.is_http_10 = is_http_10
        self.is_head = is_head
        self.is_usual = keeps_alive and not is_http_10
        self.last_uri = 0
        self.refusals: dict[int, dict[tuple[Reason, int], Refusal]] | None = None
        self._one_for: tuple[int, str | None] | None = None
        self._one: Standing | None = None  # that of the first route; most have no other
        self._more: dict[tuple[int, str | None], Standing] | None = None
        self._last_demand: Match | None = None
        self._last: Standing | None = None

    def standing(self, demand: Match) -> Standing | None:
        """The Allow that stands where a URI leads to this demand. Most lead where the last one did."""
        if demand is not self._last_demand:
            self._last_demand = demand
            key = demand.route.index, demand.login
            self._last = self._one if key == self._one_for else None if self._more is None else self._more.get(key)
        return self._last

    def keep(self, key: tuple[int, str | None], standing: Standing) -> None:
        """Have it stand for the route, by its index, and the segment at `{login}`."""
        self._last_demand = None
        if self._one is None or key == self._one_for:
            self._one_for, self._one = key, standing
            return
        if self._more is None or len(self._more) >= MOST_ROUTES:
            self._more = {}
        self._more[key] = standing


class Known(NamedTuple):
    """An answer from memory: one that was just judged, or that of an Allow which stood before; one of the two is there.

    `standing` None: the next such check has to be judged like this one. `question`: where the Allow follows from
    nothing else, so that it may be given to other checks, too.
    """

    judged: Answer | None
    standing: Standing | None
    question: Question | None = None

    @property
    def answer(self) -> Answer:
        """What is to be said."""
        if self.judged is not None:
            return self.judged
        if self.standing is None:
            raise TypeError("nothing is known")
        return unwritten(self.standing.reply)
