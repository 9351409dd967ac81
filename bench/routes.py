"""CPU time of one route lookup, for ten routes and for ten thousand, in the three shapes that break naive tables.

    .venv/bin/python bench/routes.py

Prints microseconds of CPU per lookup and the ratio of the large table to the small one; the aim is at most 1.5.
"""

from collections.abc import Callable
from time import process_time

from gateway.core.network import Networks
from gateway.core.patterns import PathPattern, parse_host_pattern
from gateway.core.routes import Route, RouteTable
from gateway.core.target import Target, parse_target

SMALL, LARGE = 10, 10_000
LOOKUPS, ROUNDS = 5_000, 60
NOWHERE = Networks(())

Shape = Callable[[int], tuple[str, str]]


def spread(number: int) -> tuple[str, str]:
    """Every route on a host of its own, with a path of its own."""
    return f"app{number}.example.org", f"/api/v1/item-{number}/**"


def one_segment(number: int) -> tuple[str, str]:
    """All routes on one host, sharing their first segment."""
    return "app.example.org", f"/api/item-{number}/**"


def wildcard_hosts(number: int) -> tuple[str, str]:
    """Every route on a wildcard host of its own, all with the same path."""
    return f"*.h{number}.example", "/api/**"


def table(shape: Shape, size: int) -> RouteTable:
    routes = []
    for number in range(size):
        host, path = shape(number)
        routes.append(
            Route(
                index=number,
                name=f"route-{number}",
                line=number,
                hosts=(parse_host_pattern(host),),
                paths=(PathPattern.parse(path),),
            )
        )
    return RouteTable(routes)


def targets(shape: Shape, size: int) -> list[Target]:
    """Ten requests, spread over the table, that match its routes."""
    asked = []
    for number in range(0, size, size // 10):
        host, path = shape(number)
        target = parse_target(
            method=b"GET",
            uri=path.replace("**", "a/b").encode(),
            host=host.replace("*", "www").encode(),
            forwarded_for=b"192.0.2.1",
            skip=NOWHERE,
            preflight=False,
        )
        assert isinstance(target, Target)
        asked.append(target)
    return asked


def cpu_us(tables: list[tuple[RouteTable, list[Target]]]) -> list[float]:
    """CPU microseconds per lookup for each table: the least of many rounds in turn, which is the least disturbed."""
    best = [float("inf")] * len(tables)
    for _ in range(ROUNDS):
        for at, (routes, asked) in enumerate(tables):
            find = routes.first_match
            started = process_time()
            for _ in range(LOOKUPS // len(asked)):
                for target in asked:
                    find(target, target.readings[0])
            best[at] = min(best[at], process_time() - started)
    return [cpu_s / LOOKUPS * 1e6 for cpu_s in best]


def main() -> None:
    print(f"{'shape':<16}{SMALL:>10} us{LARGE:>10} us{'ratio':>8}")
    for shape in (spread, one_segment, wildcard_hosts):
        tables = [(table(shape, size), targets(shape, size)) for size in (SMALL, LARGE)]
        assert all(routes.first_match(target, target.readings[0]) for routes, asked in tables for target in asked)
        small, large = cpu_us(tables)
        print(f"{shape.__name__:<16}{small:>13.2f}{large:>13.2f}{large / small:>8.2f}")


if __name__ == "__main__":
    main()
