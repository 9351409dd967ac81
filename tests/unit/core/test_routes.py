"""The route table: first match in file order, what stops a request, and which routes can never win."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.core.network import Networks
from gateway.core.patterns import PathPattern, parse_host_pattern
from gateway.core.reason import Reason
from gateway.core.routes import Match, Refused, Route, RouteTable, covered_by, mismatch, stop
from gateway.core.target import Target
from tests.builders import a_route, a_target

READ = frozenset({"GET", "HEAD"})
INSIDE = Networks.of(["10.0.0.0/8"])


def table(*routes: Route) -> RouteTable:
    return RouteTable([replace(route, index=at, name=f"r{at}") for at, route in enumerate(routes)])


def found(routes: RouteTable, target: Target) -> str | Reason | None:
    """The name of the route that the plain reading leads to, or why it is refused."""
    match routes.first_match(target, target.readings[0]):
        case Match(route=route):
            return route.name
        case Refused(reason=reason):
            return reason
        case None:
            return None


def no_address(**over: Any) -> Target:
    return a_target(address="unknown", **over)


# --- first match ----------------------------------------------------------------------------------------------------


def test_the_first_route_in_file_order_wins_not_the_most_specific() -> None:
    general_first = table(a_route("/**"), a_route("/api/x"))
    specific_first = table(a_route("/api/x"), a_route("/**"))
    assert found(general_first, a_target("/api/x")) == "r0"
    assert found(specific_first, a_target("/api/x")) == "r0"
    assert found(specific_first, a_target("/api/y")) == "r1"


def test_file_order_counts_across_kinds_of_hosts() -> None:
    for order in ("app.example.org", "*.example.org", "*"), ("*", "*.example.org", "app.example.org"):
        routes = table(*(a_route("/**", host=host) for host in order))
        assert found(routes, a_target("/x")) == "r0"


def test_file_order_counts_across_kinds_of_paths() -> None:
    paths = ("/a/b/c", "/a/*/c", "/a/**", "/**/c", "/a/**/c", "/{login}/b/c", "/**")
    for first in range(len(paths)):
        order = paths[first:] + paths[:first]
        assert found(table(*map(a_route, order)), a_target("/a/b/c")) == "r0"


def test_no_route_is_no_match() -> None:
    assert found(table(), a_target("/x")) is None
    assert found(table(a_route("/api/**")), a_target("/x")) is None


@pytest.mark.parametrize(
    ("pattern", "host", "matches"),
    [
        ("app.example.org", "app.example.org", True),
        ("app.example.org", "APP.example.org.", True),
        ("app.example.org", "app.example.org:8443", True),
        ("app.example.org", "x.app.example.org", False),
        ("*.example.org", "app.example.org", True),
        ("*.example.org", "a.b.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.example.org", "app.example.org.evil", False),
        ("*", "app.example.org", True),
        ("*", "[::1]", True),
        ("*", "localhost", True),
        ("[::1]", "[0::1]:80", True),
        ("b\u00fccher.example", "xn--bcher-kva.example", True),
    ],
)
def test_a_host_is_exact_or_one_label_wild_or_any(pattern: str, host: str, matches: bool) -> None:
    routes = table(a_route("/**", host=parse_host_pattern(pattern)))
    assert (found(routes, a_target("/x", host=host)) == "r0") is matches


def test_methods_are_those_listed_or_every() -> None:
    routes = table(
        a_route("/api/**", methods=READ), a_route("/api/**", methods=frozenset({"POST"})), a_route("/api/**")
    )
    assert [found(routes, a_target(method=method)) for method in ("GET", "HEAD", "POST", "DELETE", "PROPFIND")] == [
        "r0",
        "r0",
        "r1",
        "r2",
        "r2",
    ]


def test_a_route_that_allows_preflight_matches_preflights_whatever_its_methods() -> None:
    routes = table(a_route("/api/**", methods=READ, allow_preflight=True), a_route("/**"))
    assert found(routes, a_target(method="OPTIONS", preflight=True)) == "r0"
    assert found(routes, a_target(method="OPTIONS")) == "r1"
    assert found(routes, a_target(method="POST", preflight=True)) == "r1"


def test_from_is_part_of_the_match() -> None:
    routes = table(a_route("/**", sources=INSIDE), a_route("/**"))
    assert found(routes, a_target(address="10.1.2.3")) == "r0"
    assert found(routes, a_target(address="192.0.2.1")) == "r1"


def test_a_route_matches_by_any_of_its_hosts_and_paths() -> None:
    route = a_route("/x/**", hosts=("a.example", "*.b.example"), paths=tuple(map(PathPattern.parse, ("/x", "/y/*"))))
    assert found(table(route), a_target("/x", host="a.example")) == "r0"
    assert found(table(route), a_target("/y/1", host="w.b.example")) == "r0"
    assert found(table(route), a_target("/y/1", host="b.example")) is None
    assert found(table(route), a_target("/z", host="a.example")) is None


@pytest.mark.parametrize(
    ("paths", "path", "login"),
    [
        (["/{login}/**"], "/alice/x", "alice"),
        (["/u/{login}"], "/u/al%20ice", "al ice"),
        (["/**/{login}/end"], "/a/b/alice/end", "alice"),
        (["/a/**"], "/a/alice", None),
        (["/{login}/**", "/a/**"], "/a/alice", None),
        (["/{login}/**", "/a/{login}"], "/a/alice", "a"),
        (["/a/{login}", "/{login}/**"], "/a/alice", "alice"),
    ],
)
def test_the_match_carries_the_segment_that_login_stood_at(paths: list[str], path: str, login: str | None) -> None:
    routes = table(a_route("/**", paths=tuple(map(PathPattern.parse, paths))))
    target = a_target(path)
    match = routes.first_match(target, target.readings[0])
    assert isinstance(match, Match)
    assert match.login == login


def test_each_reading_has_its_own_first_match() -> None:
    routes = table(a_route("/public/**"), a_route("/admin/**"))
    target = a_target("/public/../admin/x")
    names = {match.route.name for reading in target.readings if (match := routes.first_match(target, reading))}
    assert names == {"r0", "r1"}


def test_a_route_without_host_or_path_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        a_route("/**", hosts=())
    with pytest.raises(ValueError, match="at least one"):
        a_route("/**", paths=())


# --- closed where it cannot be known --------------------------------------------------------------------------------


def test_without_an_address_a_route_with_from_stops_the_request_instead_of_falling_through() -> None:
    routes = table(a_route("/admin/**", sources=INSIDE), a_route("/**"))
    assert found(routes, no_address(path="/admin/x")) is Reason.NO_ADDRESS
    assert found(routes, no_address(path="/x")) == "r1"


def test_without_an_address_an_earlier_match_still_wins() -> None:
    routes = table(a_route("/health"), a_route("/**", sources=INSIDE))
    assert found(routes, no_address(path="/health")) == "r0"
    assert found(routes, no_address(path="/x")) is Reason.NO_ADDRESS


def test_without_an_address_from_stops_only_what_the_route_otherwise_matches() -> None:
    routes = table(a_route("/**", sources=INSIDE, methods=READ), a_route("/**", host="*"))
    assert found(routes, no_address(method="POST")) == "r1"
    assert found(routes, no_address(host="other.example")) == "r1"


def test_a_windows_route_folds_case() -> None:
    routes = table(a_route("/Admin/\u00dcbersicht/**", windows=True), a_route("/**"))
    for path in ("/admin/\u00fcbersicht", "/ADMIN/\u00dcBERSICHT/x"):
        assert found(routes, a_target(path)) == "r0"
    assert found(routes, a_target("/x")) == "r1"


def test_other_routes_keep_case() -> None:
    routes = table(a_route("/Admin/**"), a_route("/ADMIN/**", windows=True))
    assert found(routes, a_target("/Admin")) == "r0"
    assert found(routes, a_target("/admin")) == "r1"


@pytest.mark.parametrize("path", ["/admin./x", "/ADMIN%20/x", "/PROGRA~1", "/admin::$DATA", "/x."])
def test_a_name_that_only_windows_reads_never_slips_past_a_windows_route(path: str) -> None:
    routes = table(a_route("/admin/**", windows=True), a_route("/**"))
    assert found(routes, a_target(path)) is Reason.AMBIGUOUS_REQUEST


def test_a_name_that_only_windows_reads_is_refused_by_a_windows_route_that_would_match_it() -> None:
    assert found(table(a_route("/**", windows=True)), a_target("/x.")) is Reason.AMBIGUOUS_REQUEST


def test_a_windows_route_stops_nothing_before_it_nor_elsewhere() -> None:
    windows = a_route("/admin/**", windows=True, methods=READ, sources=INSIDE)
    assert found(table(a_route("/**"), windows), a_target("/x.")) == "r0"
    later = table(windows, a_route("/**", host="*"))
    assert found(later, a_target("/x.")) is Reason.AMBIGUOUS_REQUEST
    assert found(later, a_target("/x.", host="other.example")) == "r1"
    assert found(later, a_target("/x.", method="POST")) == "r1"
    assert found(later, a_target("/x.", address="192.0.2.1")) == "r1"
    assert found(later, no_address(path="/x.")) is Reason.AMBIGUOUS_REQUEST


# --- in words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "target", "words"),
    [
        (a_route("/api/**"), a_target("/api/x"), None),
        (a_route("/api/**", host="*.example"), a_target("/api/x"), "host app.example.org is not *.example"),
        (a_route("/api/**"), a_target("/x"), "the path is not /api/**"),
        (a_route("/api/**", methods=READ), a_target(method="POST"), "method POST is not GET or HEAD"),
        (
            a_route("/api/**", sources=INSIDE),
            a_target(address="192.0.2.1"),
            "the client address is 192.0.2.1, the route holds from 10.0.0.0/8",
        ),
        (
            a_route("/api/**", sources=INSIDE),
            no_address(),
            "the client address is not known, the route holds from 10.0.0.0/8",
        ),
        (a_route("/**", windows=True), a_target("/x."), "the path has a name that only Windows maps to a file"),
    ],
)
def test_a_mismatch_is_said_in_words(route: Route, target: Target, words: str | None) -> None:
    assert mismatch(route, target, target.readings[0]) == words


def test_what_stops_a_request_has_a_reason() -> None:
    target = no_address()
    assert stop(a_route("/api/**", sources=INSIDE), target, target.readings[0]) is Reason.NO_ADDRESS
    assert stop(a_route("/api/**"), target, target.readings[0]) is None


# --- covered --------------------------------------------------------------------------------------------------------


def covered(earlier: Route, later: Route) -> bool:
    first, second = (replace(route, index=at) for at, route in enumerate((earlier, later)))
    pairs = covered_by([first, second])
    assert pairs in ([], [(second, first)])
    return bool(pairs)


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ("/**", "/admin/**", True),
        ("/", "/", True),
        ("/a/**", "/a/b", True),
        ("/a/**", "/a", True),
        ("/a/**", "/a/", True),
        ("/a/**", "/a/**/b", True),
        ("/a/**/c", "/a/b/c", True),
        ("/a/**/c", "/a/b/**/x/c", True),
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/{login}", True),
        ("/{login}/**", "/a/b/**", True),
        ("/**/*", "/a/**/b", True),
        ("/*/**", "/a/**", True),
        ("/a/*", "/a/", False),
        ("/a/*/**", "/a/**", False),
        ("/*/**", "/**", False),
        ("/**/*", "/**", False),
        ("/a/b", "/a/*", False),
        ("/a", "/a/**", False),
        ("/a/b", "/a/**/b", False),
        ("/a/**", "/**", False),
        ("/a", "/a/", False),
        ("/a/**/b", "/a/**", False),
        ("/a/**/b", "/a/b/**", False),
        ("/a/**/b/c", "/a/**/c", False),
        ("/a/**/a", "/a", False),
        ("/a", "/A", False),
    ],
)
def test_a_path_covers_what_it_matches_wholly(earlier: str, later: str, is_covered: bool) -> None:
    assert covered(a_route(earlier), a_route(later)) is is_covered


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        ("*", "a.example", True),
        ("*", "*.example", True),
        ("*", "*", True),
        ("*.example", "a.example", True),
        ("*.example", "*.example", True),
        ("a.example", "a.example", True),
        ("*.example", "a.b.example", False),
        ("*.example", "example", False),
        ("a.example", "*.example", False),
        ("*.example", "*", False),
    ],
)
def test_a_host_covers_what_it_matches_wholly(earlier: str, later: str, is_covered: bool) -> None:
    assert covered(a_route("/**", host=earlier), a_route("/**", host=later)) is is_covered


@pytest.mark.parametrize(
    ("earlier", "later", "is_covered"),
    [
        pytest.param({}, {"methods": READ}, True, id="every-method-covers-some"),
        pytest.param({"methods": READ}, {}, False, id="some-methods-do-not-cover-every"),
        pytest.param({"methods": READ}, {"methods": frozenset({"HEAD"})}, True, id="more-methods"),
        pytest.param({"methods": READ}, {"methods": frozenset({"GET", "POST"})}, False, id="other-methods"),
        pytest.param({"methods": READ}, {"methods": READ, "allow_preflight": True}, False, id="preflight-is-more"),
        pytest.param(
            {"methods": READ, "allow_preflight": True},
            {"methods": READ, "allow_preflight": True},
            True,
            id="both-preflight",
        ),
        pytest.param(
            {"methods": READ | {"OPTIONS"}},
            {"methods": READ, "allow_preflight": True},
            True,
            id="options-covers-preflight",
        ),
        pytest.param({}, {"allow_preflight": True}, True, id="every-method-covers-preflight"),
        pytest.param({}, {"sources": INSIDE}, True, id="everywhere-covers-from"),
        pytest.param({"sources": INSIDE}, {}, False, id="from-does-not-cover-everywhere"),
        pytest.param({"sources": INSIDE}, {"sources": Networks.of(["10.1.0.0/16"])}, True, id="wider-from"),
        pytest.param({"sources": INSIDE}, {"sources": Networks.of(["10.0.0.0/7"])}, False, id="narrower-from"),
        pytest.param({"windows": True}, {}, True, id="windows-covers-case"),
        pytest.param({}, {"windows": True}, False, id="case-does-not-cover-windows"),
        pytest.param({"windows": True}, {"windows": True}, True, id="both-windows"),
    ],
)
def test_a_route_covers_only_within_its_conditions(earlier: Any, later: Any, is_covered: bool) -> None:
    assert covered(a_route("/api/**", **earlier), a_route("/api/x", **later)) is is_covered


def test_a_windows_route_is_covered_by_wildcards_and_by_what_has_no_case() -> None:
    assert covered(a_route("/**"), a_route("/api/**", windows=True))
    assert covered(a_route("/*/1/"), a_route("/api/1/", windows=True))


def test_one_earlier_route_must_cover_every_host_with_every_path() -> None:
    x, y = map(PathPattern.parse, ("/x", "/y"))
    later = a_route("/", hosts=("a.example", "b.example"), paths=(x, y))
    assert covered(a_route("/", hosts=("b.example", "*.example"), paths=(y, x)), later)
    assert not covered(a_route("/", hosts=("a.example", "b.example"), paths=(x,)), later)
    assert not covered(a_route("/", hosts=("a.example",), paths=(x, y)), later)
    halves = [a_route("/", hosts=("*",), paths=(x,)), a_route("/", hosts=("*",), paths=(y,))]
    assert covered_by([*halves, later]) == []


def test_the_first_route_that_covers_is_named_though_others_cover_a_part() -> None:
    x, y = map(PathPattern.parse, ("/x", "/y"))
    routes = [
        a_route("/x"),
        a_route("/y"),
        a_route("/", paths=(x, y)),
        a_route("/**"),
        a_route("/", paths=(y, x), line=9),
    ]
    assert covered_by(routes) == [(routes[4], routes[2])]


def test_the_routes_of_the_issue_cover_none_of_another() -> None:
    write = frozenset({"POST", "PUT", "PATCH", "DELETE"})
    grafana, git = {"host": "grafana.example.org"}, {"host": "git.example.org"}
    routes = [
        a_route("/public/**"),
        a_route("/api/**", methods=READ),
        a_route("/api/**", methods=write),
        a_route("/reports/*/export", host="*.example.org"),
        a_route("/api/health", sources=INSIDE, **grafana),
        a_route("/metrics", **grafana),
        a_route("/**", allow_preflight=True, **grafana),
        a_route("/**/git-receive-pack", methods=frozenset({"POST"}), **git),
        a_route("/**", **git),
        a_route("/{login}/**", host="dav.example.org"),
    ]
    assert covered_by(routes) == []
