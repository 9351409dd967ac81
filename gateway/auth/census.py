"""What the processes of the gateway say of themselves, all of them together: which of them answer, what their caches
hold, what they counted, and to which routes the checks led.

It comes as plain data from whoever watches the processes (`runtime`), with the metrics as `/metrics` shows them.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSeen:
    """One process. `pid` None: it is being started again. `configuration`: the number of the one it uses; 0: none yet.

    `is_accepting`: connections; `has_store`: it read the change feed within the bound; `is_cached`: it could not, and
    answers from memory by leave of `serve_cached_for`. `heard_s`: how long ago it said so; None: never yet.
    """

    name: str
    pid: int | None
    began_at: datetime | None
    restarts: int
    configuration: int
    is_accepting: bool
    has_store: bool
    is_cached: bool
    heard_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheSeen:
    """One cache, of all processes together."""

    name: str
    entries: int
    capacity: int
    hits: int
    misses: int
    evictions: int

    @property
    def hit_ratio(self) -> float | None:
        """What part of the questions it knew the answer to; None before the first."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """All of them at one moment. `routes`: checks by the name of the route that they led to, since `began_at`.

    `configuration`: the newest one's number. `checks`: answered ones by reason. `lease_age_s`: of the oldest lease.
    """

    began_at: datetime
    configuration: int
    processes: Sequence[ProcessSeen]
    caches: Sequence[CacheSeen]
    checks: Mapping[str, int]
    routes: Mapping[str, int]
    lease_age_s: float | None
    hashing_queue: int
    connections: int
    mails_sent: int
    mails_failed: int


Ask = Callable[[], Awaitable[Census | None]]  # None: who watches the processes does not answer in time


def read_census(document: Mapping[str, Any]) -> Census:
    """The census from what `runtime` gathered: plain data, as JSON carries it."""
    metrics = {family["name"]: family["samples"] for family in document["metrics"]}

    def samples(name: str) -> Iterator[tuple[Mapping[str, str], float]]:
        for sample, labels, value in metrics.get(f"token_gateway_{name}", ()):
            if not sample.endswith("_created"):
                yield labels, value

    def number(name: str) -> int:
        return int(sum(value for _, value in samples(name)))

    checks: dict[str, int] = {}
    for labels, value in samples("checks"):
        checks[labels["reason"]] = checks.get(labels["reason"], 0) + int(value)
    caches: dict[str, dict[str, int]] = {}
    for family in ("entries", "capacity", "hits", "misses", "evictions"):
        for labels, value in samples(f"cache_{family}"):
            caches.setdefault(labels["cache"], {})[family] = int(value)
    return Census(
        began_at=datetime.fromisoformat(document["began_at"]),
        configuration=document["configuration"],
        processes=[
            ProcessSeen(**{**one, "began_at": None if one["began_at"] is None else _moment(one["began_at"])})
            for one in document["processes"]
        ],
        caches=[CacheSeen(name=name, **found) for name, found in sorted(caches.items())],
        checks=checks,
        routes=document["routes"],
        lease_age_s=max((value for _, value in samples("lease_age_seconds")), default=None),
        hashing_queue=number("hashing_queue"),
        connections=number("check_connections_open"),
        mails_sent=number("mails_sent"),
        mails_failed=number("mails_failed"),
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
