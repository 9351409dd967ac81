"""Which routes can never win, because one earlier route matches everything that they match.

Found through the same index as requests: a pattern is walked down the trie like a path of which some segments are not
known. So a table of n routes takes about n walks, and not n squared comparisons.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import attrgetter

from gateway.core.hosts import Bucket, Hosts
from gateway.core.patterns import STAR, PathPattern, Segment
from gateway.core.route import Route
from gateway.core.trie import PREFLIGHT, Entry, Leaf, Node


def covered_by(routes: Sequence[Route]) -> list[tuple[Route, Route]]:
    """Pairs (covered, earlier), in file order: the first earlier route that alone matches all that the later one does.

    A route that several earlier ones cover only together is not reported. A covered route never wins.
    """
    hosts = Hosts(routes)
    pairs = []
    for position, route in enumerate(routes):
        earlier = _first_cover(hosts, route, position)
        if earlier is not None:
            pairs.append((route, routes[earlier]))
    return pairs


def _first_cover(hosts: Hosts, route: Route, position: int) -> int | None:
    """A leapfrog over (host, path) pairs: the first position that every one of them names.

    A route holds for each of its hosts with each of its paths, so it covers all pairs if it covers one full row and one
    full column of them.
    """
    pairs = [(host, route.paths[0]) for host in route.hosts] + [(route.hosts[0], path) for path in route.paths[1:]]
    agreed, least = 0, 0
    while agreed < len(pairs):
        for host, path in pairs:
            found = _seek(hosts, host, path, route, least, position)
            if found is None:
                return None
            agreed = agreed + 1 if found == least else 1
            least = found
            if agreed >= len(pairs):
                break
    return least


def _seek(hosts: Hosts, host: str, path: PathPattern, route: Route, least: int, end: int) -> int | None:
    """The least position in `least <= position < end` whose route covers the route on this host and path."""
    best = end
    for bucket in hosts.covering(host):
        for leaf in _leaves(bucket, path, route.windows):
            for entries in _candidates(leaf, route):
                best = _least(entries, route, least, best)
    return best if best < end else None


def _least(entries: Sequence[Entry], route: Route, least: int, best: int) -> int:
    for at in range(bisect_left(entries, least, key=attrgetter("position")), len(entries)):
        entry = entries[at]
        if entry.position >= best:
            return best
        if _covers_conditions(entry.route, route):
            return entry.position
    return best


def _candidates(leaf: Leaf, route: Route) -> Iterator[Sequence[Entry]]:
    yield leaf.every
    if route.methods is not None:
        yield leaf.named.get(min(route.methods, default=PREFLIGHT), ())


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
