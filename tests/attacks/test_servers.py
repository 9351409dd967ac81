"""P, for every table of routes: no server's reading of an allowed request lands where another would have been denied.

The servers are models (`servers`), so that thousands of paths can be read by each. What keeps a model from being our
wish is that it is held against the real one: aiohttp here, nginx and Caddy among the stories (`tests/e2e`).
"""

import asyncio
import contextlib

import pytest
from aiohttp import web
from hypothesis import example, given, seed, settings
from hypothesis import strategies as st

from gateway.core.decision import Allow, choose
from gateway.core.network import Networks
from gateway.core.policy import Policy
from gateway.core.readings import LENIENCES
from gateway.core.route import Access, Match
from gateway.core.target import Reading, Target, parse_target
from tests.attacks import test_paths
from tests.attacks.corpus import attack
from tests.attacks.servers import SERVERS, aiohttp_decoded, iis
from tests.builders import a_policy, a_route
from tests.effort import examples

PIECES = st.sampled_from(
    (
        *(
            b"/",
            b"/",
            b"public",
            b"admin",
            b"x",
            b"..",
            b".",
            b"//",
            b";",
            b";a=b",
            b"%2f",
            b"%2F",
            b"%5c",
            b"\\",
            b"%2e",
        ),
        *(b"%2E%2e", b"..;", b"%252e", b"%252f", b"%25", b"%", b"#", b"%23", b"%3b", b"%3f", b"%00", b"%0a"),
        *(
            b"%c0%ae",
            b"%c0%af",
            b"%ff",
            b"\xc3\xa9",
            b"%C3%A9",
            b"%61dmin",
            b"%u002e",
            b"+",
            b"~1",
            b":",
            b"a.",
            b"%20",
        ),
        *(b"ADMIN", b"%ef%bf%bd"),
    )
)
PATHS = st.lists(PIECES, max_size=7).map(lambda parts: b"/" + b"".join(parts))
FROM_THE_LIST = [uri for group in test_paths.DENIED for uri in group.values[0] if uri.startswith(b"/")]
KINDS = sorted(LENIENCES)
LENIENT = st.just(frozenset()) | st.just(LENIENCES) | st.sets(st.sampled_from(KINDS), max_size=4).map(frozenset)
PATTERNS = (
    "/public/**",
    "/admin/**",
    "/public/admin/**",
    "/admin",
    "/",
    "/*",
    "/*/x",
    "/**",
    "/public/*",
    "/**/x",
    "/x/",
)


@st.composite
def policies(draw: st.DrawFn, *, windows: bool = False) -> Policy:
    """Two to five routes, each open or closed, lenient or not."""
    count = draw(st.integers(2, 5))
    return a_policy(
        *(
            a_route(
                draw(st.sampled_from(PATTERNS)),
                access=draw(st.sampled_from((Access.PUBLIC, Access.DENY))),
                lenient=draw(LENIENT),
                windows=windows,
            )
            for _ in range(count)
        )
    )


def target_of(path: bytes, policy: Policy) -> Target | None:
    """What the gateway makes of it under this policy."""
    parsed = parse_target(
        method=b"GET",
        uri=path,
        host=b"app.example.org",
        forwarded_for=b"10.1.2.3",
        skip=Networks(()),
        preflight=False,
        weigh=policy.accepts_ambiguity,
    )
    return parsed if isinstance(parsed, Target) else None


def denied_at(policy: Policy, path: bytes, servers: tuple[object, ...]) -> list[str]:
    """The servers whose reading of an allowed path is not allowed; empty for a path that is refused."""
    target = target_of(path, policy)
    if target is None or not isinstance(choose(policy, target), Allow):
        return []
    wrong = []
    for server in servers:
        segments = server(path.partition(b"?")[0])
        if segments is not None:
            found = policy.table.first_match(target, Reading(segments))
            if not isinstance(found, Match) or found.route.access is not Access.PUBLIC:
                wrong.append(f"{server.__name__} reads {segments}")
    return wrong


ALL = ["P01", "P02", "P03", "P04", "P05", "P06", "P08", "P09", "P12", "P13", "P15", "P17", "P23", "P24"]
OPEN_BUT_ADMIN = a_policy(
    a_route("/admin/**", access=Access.DENY), a_route("/**", access=Access.PUBLIC, lenient=LENIENCES)
)


@attack(*ALL)
@settings(max_examples=examples(400))
@given(PATHS, policies())
@example(b"/public/..%2fadmin", OPEN_BUT_ADMIN)
@example(b"//public/admin", OPEN_BUT_ADMIN)
@example(b"/%2e%2e;/admin%2fx", OPEN_BUT_ADMIN)
def test_no_reading_of_an_allowed_path_lands_on_a_route_that_denies(path: bytes, policy: Policy) -> None:
    assert denied_at(policy, path, SERVERS) == []


@attack(*ALL)
@pytest.mark.parametrize("lenient", [frozenset(), LENIENCES, *(frozenset({kind}) for kind in KINDS)])
def test_no_spelling_of_the_list_does_so_under_any_leniency(lenient: frozenset[str]) -> None:
    for open_path, closed in (("/**", "/admin/**"), ("/public/**", "/**"), ("/*/**", "/admin/**"), ("/**/x", "/**")):
        routes = (a_route(closed, access=Access.DENY), a_route(open_path, access=Access.PUBLIC, lenient=lenient))
        for policy in (a_policy(*routes), a_policy(*routes[::-1])):
            for path in FROM_THE_LIST:
                assert denied_at(policy, path, SERVERS) == [], path


@attack("P10", "P14")
@settings(max_examples=examples(200))
@given(PATHS, policies(windows=True))
@example(b"/ADMIN./x", a_policy(a_route("/admin/**", access=Access.DENY, windows=True), a_route("/**", windows=True)))
def test_where_paths_are_those_of_windows_neither_does_what_it_reads(path: bytes, policy: Policy) -> None:
    assert denied_at(policy, path, (*SERVERS, iis)) == []


@attack("P10", "P14")
@pytest.mark.parametrize("path", [uri for uri in FROM_THE_LIST if iis(uri)[:1] == ("admin",)])
def test_every_spelling_that_windows_reads_as_closed_is_refused_there(path: bytes) -> None:
    closed = a_route("/admin/**", access=Access.DENY, windows=True)
    for rest in (frozenset(), LENIENCES):
        policy = a_policy(closed, a_route("/**", access=Access.PUBLIC, lenient=rest, windows=True))
        target = target_of(path, policy)
        assert target is None or not isinstance(choose(policy, target), Allow)


@attack("P01", "P03", "P05")
async def test_the_model_of_aiohttp_reads_as_aiohttp_does() -> None:
    """One real server, generated paths: where it serves at all, `request.path` is what the model says."""
    read: list[str] = []

    async def note(request: web.BaseRequest) -> web.Response:
        read.append(request.path)
        return web.Response()

    server = web.Server(note)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    compared = 0
    for path in sample(300):
        modelled = aiohttp_decoded(path)
        if modelled is None or b"?" in path or path.startswith(b"//") or not path.isascii():
            continue
        read.clear()
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        top = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        if b" 200 " in top.partition(b"\r\n")[0]:
            assert tuple(read[0].removeprefix("/").split("/")) == modelled, path
            compared += 1
        else:
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    listening.close()
    with contextlib.suppress(TimeoutError):
        await server.shutdown(1)
    assert compared > 150


def sample(count: int) -> list[bytes]:
    """The list's paths, and generated ones."""
    found: list[bytes] = list(FROM_THE_LIST)

    @seed(20261122)
    @settings(max_examples=count, database=None)
    @given(PATHS)
    def take(path: bytes) -> None:
        found.append(path)

    take()
    return found
