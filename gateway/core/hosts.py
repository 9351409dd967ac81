"""The host half of the route index: exact names, `*.` suffixes and `*`, each with the tries of its paths."""

from collections.abc import Iterator, Sequence

from gateway.core.route import Route
from gateway.core.trie import Entry, Leaf, Node


class Bucket:
    """The routes of one host pattern: `plain` over segments as they are, `folded` (with `windows`) over folded ones.

    `windows` lists the latter once more, whatever their path, for names that only Windows maps to a file.
    """

    __slots__ = ("folded", "plain", "windows")

    def __init__(self) -> None:
        self.plain = Node()
        self.folded: Node | None = None
        self.windows = Leaf()


class Hosts:
    """Finds the buckets, three at most, that can hold a route for a host."""

    __slots__ = ("any", "names", "suffixes")

    def __init__(self, routes: Sequence[Route]) -> None:
        self.names: dict[str, Bucket] = {}
        self.suffixes: dict[str, Bucket] = {}
        self.any: Bucket | None = None
        rank = 0
        for position, route in enumerate(routes):
            buckets = [self._bucket(pattern) for pattern in dict.fromkeys(route.hosts)]
            paths = [path.folded() for path in route.paths] if route.windows else route.paths
            entry: Entry | None = None
            for path in sorted(paths, key=lambda path: path.login_at is not None):
                entry = Entry(rank, position, route, path.login_at)
                rank += 1
                for bucket in buckets:
                    _plant(bucket, route).add(path, entry)
            if route.windows and entry is not None:
                for bucket in buckets:
                    bucket.windows.add(entry)

    def of(self, host: str) -> Iterator[Bucket]:
        """The buckets whose pattern covers this host."""
        bucket = self.names.get(host)
        if bucket is not None:
            yield bucket
        if self.suffixes:
            bucket = self.suffixes.get(host.partition(".")[2])
            if bucket is not None:
                yield bucket
        if self.any is not None:
            yield self.any

    def covering(self, pattern: str) -> Iterator[Bucket]:
        """The buckets whose pattern covers every host of another pattern."""
        if pattern == "*":
            if self.any is not None:
                yield self.any
        elif pattern.startswith("*."):
            if pattern[2:] in self.suffixes:
                yield self.suffixes[pattern[2:]]
            if self.any is not None:
                yield self.any
        else:
            yield from self.of(pattern)

    def _bucket(self, pattern: str) -> Bucket:
        if pattern == "*":
            self.any = self.any or Bucket()
            return self.any
        if pattern.startswith("*."):
            return self.suffixes.setdefault(pattern[2:], Bucket())
        return self.names.setdefault(pattern, Bucket())


def _plant(bucket: Bucket, route: Route) -> Node:
    if not route.windows:
        return bucket.plain
    bucket.folded = bucket.folded or Node()
    return bucket.folded
