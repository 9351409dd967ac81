"""The index finds exactly what asking every route in file order would find, and a covered route never wins.

The tables are made of few names, so that routes share segments, hosts and conditions and stand in each other's way.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decision import choose, plain_demand
from gateway.core.network import Networks
from gateway.core.patterns import LOGIN, STAR, PathPattern, Segment
from gateway.core.reason import Reason
from gateway.core.route import Access, path_of
from gateway.core.routes import Match, Refused, Route, RouteTable, covered_by, mismatch, stop
from gateway.core.target import Reading, Target, parse_target, plain_path
from tests.builders import a_policy
from tests.effort import examples

NAMES = ("a", "b", "A", "1")


@st.composite
def patterns(draw: st.DrawFn, most: int = 3, names: tuple[str, ...] = NAMES) -> PathPattern:
    """A pattern such as `PathPattern.parse` makes: at most one `{login}`, an empty segment only at the very end."""
    segments: st.SearchStrategy[Segment] = st.sampled_from((*names, STAR))
    prefix = draw(st.lists(segments, max_size=most))
    suffix = draw(st.lists(segments, max_size=most - len(prefix))) if draw(st.booleans()) else None
    parts = suffix or prefix
    with_login = draw(st.booleans())
    if with_login and parts:
        parts[draw(st.integers(0, len(parts) - 1))] = LOGIN
    last = prefix if suffix is None else suffix
    if draw(st.booleans()) or (suffix is None and not prefix):
        last.append("")
    shown = [*prefix, *([] if suffix is None else ["**", *suffix])]
    text = "/" + "/".join(part if isinstance(part, str) else part.value for part in shown)
    return PathPattern(text=text, prefix=tuple(prefix), suffix=None if suffix is None else tuple(suffix))


networks = st.sampled_from(
    [Networks.of(["10.0.0.0/8"]), Networks.of(["10.1.0.0/16"]), Networks.of(["10.0.0.0/8", "::/0"])]
)
methods = st.frozensets(st.sampled_from(["GET", "POST", "OPTIONS"]), min_size=1)
hosts = st.sampled_from(["a.x", "b.x", "x", "*.x", "*.y", "*"])


@st.composite
def tables(draw: st.DrawFn) -> list[Route]:
    """Routes in file order."""
    return [
        Route(
            index=index,
            name=f"r{index}",
            line=index,
            hosts=tuple(draw(st.lists(hosts, min_size=1, max_size=2))),
            paths=tuple(draw(st.lists(patterns(), min_size=1, max_size=2))),
            methods=draw(st.none() | methods),
            sources=draw(st.none() | networks),
            windows=draw(st.sampled_from([False, False, True])),
            allow_preflight=draw(st.booleans()),
        )
        for index in range(draw(st.integers(0, 8)))
    ]


@st.composite
def targets(draw: st.DrawFn) -> Target:
    """A request that may well meet one of the routes."""
    path = draw(st.lists(st.sampled_from((*NAMES, "c", "")), min_size=1, max_size=5))
    address = draw(st.sampled_from(["10.1.0.1", "10.2.0.1", "192.0.2.1", "::1", None]))
    return Target(
        method=draw(st.sampled_from(["GET", "POST", "OPTIONS", "PROPFIND"])),
        host=draw(st.sampled_from(["a.x", "b.x", "c.x", "x", "a.a.x", "a.y", "[::1]"])),
        readings=(Reading(tuple(path)),),
        leniences=frozenset(),
        query=b"",
        path="/".join(path),
        address=None if address is None else ip_address(address),
        preflight=draw(st.booleans()),
        windows_irregular=draw(st.sampled_from([False, False, True])),
    )


def naive_first_match(routes: list[Route], target: Target, reading: Reading) -> Match | Refused | None:
    """The definition: ask every route in file order."""
    for route in routes:
        reason = stop(route, target, reading)
        if reason is not None:
            return Refused(reason, route)
        if mismatch(route, target, reading) is None:
            path = path_of(route, reading)
            assert path is not None
            return Match(route, None if path.login_at is None else reading.segments[path.login_at])
    return None


@settings(max_examples=examples(300))
@given(tables(), st.lists(targets(), min_size=1, max_size=20))
def test_the_index_finds_what_asking_every_route_would_find(routes: list[Route], asked: list[Target]) -> None:
    table = RouteTable(routes)
    for target in asked:
        reading = target.readings[0]
        assert table.first_match(target, reading) == naive_first_match(routes, target, reading)


@settings(max_examples=examples(300))
@given(tables(), st.lists(targets(), min_size=1, max_size=20), st.sampled_from(Access))
def test_the_demand_of_a_plain_path_is_the_one_that_choosing_comes_to(
    routes: list[Route], asked: list[Target], access: Access
) -> None:
    """Where choosing decides by itself, there is none."""
    routes = [replace(route, access=access if route.index % 3 else Access.AUTHENTICATED) for route in routes]
    policy = a_policy(*routes)
    for target in asked:
        path = ("/" + "/".join(target.readings[0].segments)).encode()
        whole = parse_target(
            method=target.method.encode(),
            uri=path,
            host=target.host.encode(),
            forwarded_for=str(target.address or "unknown").encode(),
            skip=Networks(()),
            preflight=False,
        )
        if plain_path(path) is not None:
            assert isinstance(whole, Target)
            found = plain_demand(replace(whole, readings=()), policy.table.buckets(whole.host), path)
            chosen = choose(policy, whole)
            assert (found,) == chosen if isinstance(chosen, tuple) else found is None


@given(tables(), targets())
def test_a_match_for_what_cannot_be_judged_is_the_match_however_it_would_be_judged(
    routes: list[Route], target: Target
) -> None:
    """Hiding the address, or writing a name as only Windows reads it, opens nothing."""
    table, reading = RouteTable(routes), target.readings[0]
    found = table.first_match(replace(target, address=None, windows_irregular=True), reading)
    if isinstance(found, Match):
        for address in (*map(ip_address, ("10.1.0.1", "10.2.0.1", "192.0.2.1", "::1")), None):
            assert table.first_match(replace(target, address=address, windows_irregular=False), reading) == found


@settings(max_examples=examples(150))
@given(tables(), st.lists(targets(), min_size=1, max_size=20))
def test_a_covered_route_never_wins(routes: list[Route], asked: list[Target]) -> None:
    covered = {later.index for later, _ in covered_by(routes)}
    table = RouteTable(routes)
    for target in asked:
        found = table.first_match(target, target.readings[0])
        if isinstance(found, Match):
            assert found.route.index not in covered


@given(tables())
def test_what_covers_comes_first_and_once(routes: list[Route]) -> None:
    pairs = covered_by(routes)
    assert all(earlier.index < later.index for later, earlier in pairs)
    assert [later.index for later, _ in pairs] == sorted({later.index for later, _ in pairs})


@given(tables(), st.data())
def test_a_second_copy_of_a_route_is_always_covered(routes: list[Route], data: st.DataObject) -> None:
    if routes:
        again = replace(data.draw(st.sampled_from(routes)), index=len(routes))
        assert again in [later for later, _ in covered_by([*routes, again])]


# A name that no pattern holds stands for all of those; longer paths tell no two of these small patterns apart.
EVERY_SMALL_PATH = [path for length in range(1, 6) for path in product(("a", "b", "new", ""), repeat=length)]


def meant(pattern: PathPattern) -> Iterator[tuple[str, ...]]:
    return filter(pattern.matches, EVERY_SMALL_PATH)


@settings(max_examples=examples(400))
@given(patterns(2, ("a", "b")), patterns(2, ("a", "b")))
def test_a_pattern_covers_another_exactly_when_it_matches_every_path_of_it(
    earlier: PathPattern, later: PathPattern
) -> None:
    routes = [Route(index=at, name="", line=0, hosts=("*",), paths=(path,)) for at, path in enumerate((earlier, later))]
    assert bool(covered_by(routes)) == all(earlier.matches(path) for path in meant(later))


def test_windows_names_are_refused_by_the_index_as_by_the_definition() -> None:
    """A fixed case of the property above, so that it never depends on luck."""
    route = Route(index=0, name="", line=0, hosts=("*",), paths=(PathPattern.parse("/a"),), windows=True)
    target = Target(
        method="GET",
        host="x",
        readings=(Reading(("b.",)),),
        leniences=frozenset(),
        query=b"",
        path="/b.",
        address=None,
        windows_irregular=True,
    )
    refused = Refused(Reason.AMBIGUOUS_REQUEST, route)
    assert RouteTable([route]).first_match(target, target.readings[0]) == refused
    assert naive_first_match([route], target, target.readings[0]) == refused
