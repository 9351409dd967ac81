"""Which routes can never win, because one earlier route matches everything that they match.

Found through the same index as requests: a pattern is walked down the trie like a path of which some segments are not
known. So a table of n routes takes about n walks, and not n squared comparisons.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from gateway.core.hosts import Bucket, Hosts
from gateway.core.network import Networks
from gateway.core.patterns import STAR, PathPattern, Segment
from gateway.core.route import Route
from gateway.core.trie import PREFLIGHT, Entry, Leaf, Node


def covered_by(routes: Sequence[Route]) -> list[tuple[Route, Route]]:
    """Pairs (covered, earlier), in file order: the first earlier route that alone matches all that the later one does.

    A route that several earlier ones cover only together is not reported. A covered route never wins.
    """
    search = _Search(Hosts(routes))
    pairs = []
    for position, route in enumerate(routes):
        earlier = search.first_cover(route, position)
        if earlier is not None:
            pairs.append((route, routes[earlier]))
    return pairs


class _Search:
    """The walks over one table, and what they learnt of its leaves."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        self._origins: dict[int, _Origins] = {}  # by the identity of the list of entries, which the table keeps alive

    def first_cover(self, route: Route, position: int) -> int | None:
        """A leapfrog over (host, path) pairs: the first position before this one that every pair of the route names.

        A route holds for each of its hosts with each of its paths, so whoever covers one full row and one full column
        of them covers them all.
        """
        pairs = [(host, route.paths[0]) for host in route.hosts] + [(route.hosts[0], path) for path in route.paths[1:]]
        agreed, least = 0, 0
        while agreed < len(pairs):
            for host, path in pairs:
                found = self._seek(host, path, route, least, position)
                if found is None:
                    return None
                agreed = agreed + 1 if found == least else 1
                least = found
                if agreed >= len(pairs):
                    break
        return least

    def _seek(self, host: str, path: PathPattern, route: Route, least: int, end: int) -> int | None:
        """The least position in `least <= position < end` whose route covers the route on this host and path."""
        best = end
        for bucket in self._hosts.covering(host):
            for leaf in _leaves(bucket, path, route.windows):
                for entries in self._candidates(leaf, route):
                    best = _least(entries, route, least, best)
        return best if best < end else None

    def _candidates(self, leaf: Leaf, route: Route) -> Iterator[Sequence[Entry]]:
        yield from self._holding_from(leaf.every, route.sources)
        if route.methods is not None:
            entries = leaf.named.get(min(route.methods, default=PREFLIGHT))
            if entries is not None:
                yield from self._holding_from(entries, route.sources)

    def _holding_from(self, entries: list[Entry], sources: Networks | None) -> Iterator[Sequence[Entry]]:
        origins = self._origins.get(id(entries))
        if origins is None:
            origins = self._origins[id(entries)] = _Origins(entries)
        yield origins.anywhere
        if sources is not None:
            yield from origins.holding(sources)


class _Origins:
    """Entries by their `from`, so that thousands of routes on one path, each for other networks, stay cheap."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.anywhere = [entry for entry in entries if entry.sources is None]
        self._blocks: dict[tuple[int, int, int], list[Entry]] = {}
        for entry in entries:
            for block in () if entry.sources is None else entry.sources.blocks():
                number = int(block.network_address) >> block.max_prefixlen - block.prefixlen
                self._blocks.setdefault((block.version, block.prefixlen, number), []).append(entry)

    def holding(self, sources: Networks) -> Iterator[Sequence[Entry]]:
        """The entries that hold from the first address of these networks; whoever covers them is among those."""
        for block in sources.blocks():
            for prefix in range(block.max_prefixlen + 1) if self._blocks else ():
                number = int(block.network_address) >> block.max_prefixlen - prefix
                yield self._blocks.get((block.version, prefix, number), ())
            return


def _least(entries: Sequence[Entry], route: Route, least: int, best: int) -> int:
    """The least position in `least <= position < best` of an entry whose conditions cover the route's, or `best`."""
    for at in range(bisect_left(entries, least, key=attrgetter("position")), len(entries)):
        entry = entries[at]
        if entry.position >= best:
            return best
        if _covers_conditions(entry.route, route):
            return entry.position
    return best


def _covers_conditions(earlier: Route, later: Route) -> bool:
    if earlier.methods is not None:
        if later.methods is None or not later.methods <= earlier.methods:
            return False
        if later.allow_preflight and not earlier.allow_preflight and "OPTIONS" not in earlier.methods:
            return False
    if earlier.sources is None:
        return True
    return later.sources is not None and earlier.sources.covers(later.sources)


def _leaves(bucket: Bucket, path: PathPattern, windows: bool) -> Iterator[Leaf]:
    if bucket.folded is not None:
        folded = path.folded()
        yield from _walk(bucket.folded, folded.prefix, folded.suffix)
    if windows:
        path = replace(
            path, prefix=_any_case(path.prefix), suffix=None if path.suffix is None else _any_case(path.suffix)
        )
    yield from _walk(bucket.plain, path.prefix, path.suffix)


def _any_case(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
    """For routes that keep case, a literal that a Windows route folds is as good as any segment."""
    return tuple(STAR if isinstance(part, str) and part.lower() != part.upper() else part for part in segments)


def _walk(node: Node, prefix: tuple[Segment, ...], suffix: tuple[Segment, ...] | None) -> Iterator[Leaf]:
    """The leaves of all patterns that match whatever `prefix`, `**` and `suffix` match, or `prefix` alone."""
    if node.rest is not None:
        yield from _walk_back(node.rest, prefix if suffix is None else suffix)
    if prefix:
        for child in _children(node, prefix[0]):
            yield from _walk(child, prefix[1:], suffix)
    elif suffix is None and node.leaf is not None:
        yield node.leaf


def _walk_back(node: Node, known: tuple[Segment, ...]) -> Iterator[Leaf]:
    if node.leaf is not None:
        yield node.leaf
    if known:
        for child in _children(node, known[-1]):
            yield from _walk_back(child, known[:-1])


def _children(node: Node, segment: Segment) -> Iterator[Node]:
    if isinstance(segment, str) and segment in node.literal:
        yield node.literal[segment]
    if segment != "" and node.wild is not None:
        yield node.wild
