"""The index under the route table: path patterns as a trie over their segments, nodes knowing the least rank below.

A walk goes down the literal child and the wild child of each node, leaves every branch whose least rank is not below
the best so far, and so costs what the *path* is deep, not what the table is long. Behind a `**`, a second trie over the
suffix is walked from the end of the path.
"""

from collections.abc import Sequence
from sys import maxsize
from typing import Final

from gateway.core.network import Networks
from gateway.core.patterns import PathPattern, Segment
from gateway.core.reason import Reason
from gateway.core.route import Match, Refused, Route
from gateway.core.target import Target

PREFLIGHT: Final = "preflight"  # in lower case, so no method: where a route matches OPTIONS for preflights alone


class Entry:
    """One path of one route. `rank` orders entries like the file orders routes; the answers are made once, here."""

    __slots__ = ("login_at", "match", "position", "rank", "route", "sources", "unlocated")

    def __init__(self, rank: int, position: int, route: Route, login_at: int | None) -> None:
        self.rank = rank
        self.position = position
        self.route = route
        self.login_at = login_at
        self.sources: Networks | None = route.sources
        self.match = Match(route)
        self.unlocated = Refused(Reason.NO_ADDRESS, route)


class Leaf:
    """The entries that end at one node, in rank order: those for every method, and those for named ones."""

    __slots__ = ("every", "named")

    def __init__(self) -> None:
        self.every: list[Entry] = []
        self.named: dict[str, list[Entry]] = {}

    def add(self, entry: Entry) -> None:
        """Put in an entry; they come in rank order."""
        route = entry.route
        if route.methods is None:
            self.every.append(entry)
            return
        for method in route.methods:
            self.named.setdefault(method, []).append(entry)
        if route.allow_preflight and "OPTIONS" not in route.methods:
            self.named.setdefault(PREFLIGHT, []).append(entry)

    def first(self, target: Target, best: Entry | None) -> Entry | None:
        """The entry of least rank, if it is below `best`. Without an address, one with `from` counts: it refuses."""
        if self.every:
            best = _first(self.every, target, best)
        if self.named:
            best = _first(self.named.get(target.method, ()), target, best)
            if target.preflight and target.method == "OPTIONS":
                best = _first(self.named.get(PREFLIGHT, ()), target, best)
        return best


def _first(entries: Sequence[Entry], target: Target, best: Entry | None) -> Entry | None:
    for entry in entries:
        if best is not None and entry.rank >= best.rank:
            return best
        if entry.sources is None or target.address is None or target.address in entry.sources:
            return entry
    return best


class Node:
    """One place in the patterns. `rest` is the trie of reversed suffixes behind a `**` that stands here."""

    __slots__ = ("leaf", "least", "literal", "rest", "wild")

    def __init__(self) -> None:
        self.least = maxsize
        self.literal: dict[str, Node] = {}
        self.wild: Node | None = None
        self.rest: Node | None = None
        self.leaf: Leaf | None = None

    def add(self, pattern: PathPattern, entry: Entry) -> None:
        """Put the entry under its pattern."""
        node = self._descend(pattern.prefix, entry.rank)
        if pattern.suffix is not None:
            if node.rest is None:
                node.rest = Node()
            node = node.rest._descend(pattern.suffix[::-1], entry.rank)
        if node.leaf is None:
            node.leaf = Leaf()
        node.leaf.add(entry)

    def _descend(self, segments: Sequence[Segment], rank: int) -> "Node":
        node = self
        node.least = min(node.least, rank)
        for segment in segments:
            if isinstance(segment, str):
                child = node.literal.setdefault(segment, Node())
            else:
                child = node.wild = node.wild or Node()
            node = child
            node.least = min(node.least, rank)
        return node


def walk(node: Node, segments: Sequence[str], at: int, target: Target, best: Entry | None) -> Entry | None:
    """The entry of least rank for the path from segment `at` on, or `best` if none is below it."""
    end = len(segments)
    while best is None or node.least < best.rank:
        if node.rest is not None:
            best = _walk_back(node.rest, segments, at, end, target, best)
        if at == end:
            return best if node.leaf is None else node.leaf.first(target, best)
        segment = segments[at]
        at += 1
        child = node.literal.get(segment)
        wild = node.wild
        if wild is not None and segment:
            if child is None:
                child = wild
            else:
                best = walk(wild, segments, at, target, best)
        if child is None:
            return best
        node = child
    return best


def _walk_back(
    node: Node, segments: Sequence[str], floor: int, end: int, target: Target, best: Entry | None
) -> Entry | None:
    """Like `walk`, from the end of the path down to segment `floor`, through the reversed suffixes."""
    while best is None or node.least < best.rank:
        if node.leaf is not None:
            best = node.leaf.first(target, best)
        if end == floor:
            return best
        end -= 1
        segment = segments[end]
        child = node.literal.get(segment)
        wild = node.wild
        if wild is not None and segment:
            if child is None:
                child = wild
            else:
                best = _walk_back(wild, segments, floor, end, target, best)
        if child is None:
            return best
        node = child
    return best
