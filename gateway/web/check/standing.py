"""What has to hold for an Allow to be given once more without being judged anew (docs/decisions/0006)."""

from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from gateway.auth.limits import network
from gateway.core.decision import Challenge, Deny
from gateway.core.hosts import Bucket
from gateway.core.network import Address
from gateway.core.reason import Reason
from gateway.core.route import Route
from gateway.core.target import Reading, Target, segments_of
from gateway.web.check.dialect import Answer, Dialect
from gateway.web.check.wire import Reply

STANDINGS: Final = 12_000  # kept at once; about 1.5 kB each with ordinary identities

# All that an Allow follows from, beside what `Standing` holds it to: the keyed digest of the presented token, the Basic
# user, the route, the segment at `{login}`, the host, the chain of client addresses, and the dialect that is answered.
Question = tuple[bytes, bytes | None, int, str | None, bytes, bytes, str]


class Standing:
    """The Allow stands while the settings are the same object, the epoch is the same, and it is before `until`.

    `epoch` moves with every row of the change feed and with every turn in a token's life. `route`, `token_id` and
    `address` are what a repetition is counted and limited by. `reply`: the answer's bytes for a connection that stays
    open, as HTTP/1.1 has them, once the lane has made them.
    """

    __slots__ = ("address", "answer", "dialect", "epoch", "reason", "reply", "route", "settings", "token_id", "until")

    def __init__(
        self,
        answer: Answer,
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
        self.answer = answer
        self.settings = settings
        self.epoch = epoch
        self.until = until
        self.dialect = dialect
        self.reason = reason
        self.route = route
        self.token_id = token_id
        self.address = address
        self.reply: Reply | None = None


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


class Asker:
    """What checks have in common that differ in the client's URI alone: the other facts, and the Allows that stand.

    `standings`: by the route that a URI leads to, and the segment at `{login}`. No header of the check is in here.
    `bearers`: the routes, by index, on which these checks present their bearer token and nothing else; `refusals` are
    theirs, by route, reason, and how long to wait. `buckets`: where the table has the routes of the host. `network`:
    what failures are counted for.
    """

    __slots__ = (
        "asked",
        "bearers",
        "buckets",
        "dialect",
        "network",
        "refusals",
        "settings",
        "standings",
        "wants_html",
    )

    def __init__(
        self, *, settings: object, asked: Target, buckets: tuple[Bucket, ...], dialect: Dialect, wants_html: bool
    ) -> None:
        """`asked`: what is asked for with the URI `/`. `wants_html`: whether they take a page for a refusal."""
        self.settings = settings
        self.asked = asked
        self.buckets = buckets
        self.network = network(asked.address)
        self.dialect = dialect
        self.wants_html = wants_html
        self.bearers: set[int] = set()
        self.refusals: dict[tuple[int, Reason, int], Refusal] = {}
        self.standings: dict[tuple[int, str | None], Standing] = {}

    def target(self, path: bytes) -> Target:
        """What is asked for with this path, as `plain_path` found it."""
        segments = tuple(segments_of(path))
        return replace(self.asked, readings=(Reading(segments),), path=path.decode("ascii"))


class Known(NamedTuple):
    """An answer from memory. `standing` None: the next such check has to be judged like this one.

    `question`: where the Allow follows from nothing else, so that it may be given to other checks, too.
    """

    answer: Answer
    standing: Standing | None
    question: Question | None = None
