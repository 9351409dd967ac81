"""The compiled route table: first match in file order, found through an index.

A table of 10,000 routes answers like one of ten: hosts are found in dictionaries (exact, `*.` suffix, any), paths in a
trie per host (`gateway.core.trie`). What is found is exactly what asking every route in file order would give
(`gateway.core.route`), which is what the property tests hold it to.
"""

from collections.abc import Sequence

from gateway.core.coverage import covered_by
from gateway.core.hosts import Bucket, Hosts
from gateway.core.patterns import fold
from gateway.core.reason import Reason
from gateway.core.route import Access, Match, Refused, Route, mismatch, stop
from gateway.core.target import Reading, Target
from gateway.core.trie import Entry, walk

__all__ = ["Access", "Match", "Refused", "Route", "RouteTable", "covered_by", "first_in", "mismatch", "stop"]


class RouteTable:
    """Routes in file order, and the index over them. Immutable once built; building costs some 20 us per route."""

    __slots__ = ("_hosts", "routes")

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._hosts = Hosts(self.routes)

    def first_match(self, target: Target, reading: Reading) -> Match | Refused | None:
        """The first route in file order that matches; `Refused` if an earlier one can be neither taken nor passed over.

        None: no route. Costs what the path is deep, and allocates next to nothing.
        """
        return first_in(self.buckets(target.host), target, reading.segments)

    def buckets(self, host: str) -> tuple[Bucket, ...]:
        """Where `first_in` has to look for this host."""
        return tuple(self._hosts.of(host))


def first_in(buckets: tuple[Bucket, ...], target: Target, segments: Sequence[str]) -> Match | Refused | None:
    """As `first_match`, in the buckets of the target's host, and for these segments in place of its readings."""
    best: Entry | None = None
    for bucket in buckets:
        best = walk(bucket.plain, segments, 0, target, best)
        if bucket.folded is not None and not target.windows_irregular:
            best = walk(bucket.folded, tuple(map(fold, segments)), 0, target, best)
    if target.windows_irregular:
        stopped = best
        for bucket in buckets:
            stopped = bucket.windows.first(target, stopped)
        if stopped is not None and stopped is not best:
            return Refused(Reason.AMBIGUOUS_REQUEST, stopped.route)
    if best is None:
        return None
    if best.sources is not None and target.address is None:
        return best.unlocated
    if best.login_at is None:
        return best.match
    return Match(best.route, segments[best.login_at])
