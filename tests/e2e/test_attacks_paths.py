"""P, through real proxies: what reaches the app is what the gateway judged, however the path was spelled."""

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from gateway.config import load
from gateway.core.decision import Allow, choose
from gateway.core.network import Networks
from gateway.core.policy import Policy
from gateway.core.target import Target, parse_target
from tests.attacks.corpus import attack, spelled
from tests.attacks.servers import SERVERS
from tests.e2e.harness.apps import Recorder, Seen
from tests.e2e.harness.client import bearer, head, send_raw
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

PUBLIC, CLOSED = b"/anything/public", b"/anything/closed"
SPELLINGS = spelled(
    P01=[PUBLIC + b"/.../../closed/x", PUBLIC + b"/../public/../closed", PUBLIC + b"/../../../anything/closed/x"],
    P02=[PUBLIC + b"/%2E./closed/x", PUBLIC + b"/x/%2e/%2E%2e/../closed"],
    P03=[PUBLIC + b"/%2e%2e%2fclosed%2fx", PUBLIC + b"%2f..%2fclosed/x", PUBLIC + b"/..%5Cclosed"],
    P04=[b"/anything%2fclosed/x", b"/%2fanything/closed/x", b"/anything%5cclosed%5cx", CLOSED + b"%2f"],
    P05=[PUBLIC + b"/%25252e%25252e/closed", PUBLIC + b"/%2%65%2%65/closed", b"/anything/%2563losed/x"],
    P06=[PUBLIC + b"/.;x/..;y=1/closed", b"/;/anything/closed/x", PUBLIC + b"/..;%2fclosed", b"/anything;/closed;/x;"],
    P08=[
        b"///anything///closed///x",
        b"//evil.example/anything/closed",
        b"/%2f/anything/closed",
        b"/\\anything/closed",
    ],
    P09=[b"/anything/closed/.", b"/anything/./public/./../closed", PUBLIC + b"/..", b"/./anything/closed/x"],
    P10=[b"/Anything/Closed/x", b"/anything/CLOSED", b"/anything/clo%53ed/x", "/anything/clo\u017fed/x".encode()],
    P12=[PUBLIC + b"/..%e0%80%afclosed", PUBLIC + b"/\xc0\xae\xc0\xae/closed", PUBLIC + b"/..%c1%1cclosed"],
    P13=[CLOSED + b"%00/public", PUBLIC + b"/.%00./closed", CLOSED + b"%2500", PUBLIC + b"/\x00/../closed"],
    P14=[CLOSED + b"%20.%20./x", b"/anything/CLOSED~1/x", b"/anything/closed:x/y", CLOSED + b".%2f"],
    P15=[PUBLIC + b"#?/../closed", b"/anything/closed%23/x", b"#/anything/public", PUBLIC + b"/x#/../../closed"],
    P17=[PUBLIC + b"/%2x%2e%2e/closed", PUBLIC + b"/%u002e%u002e/closed", CLOSED + b"%", b"/anything/closed%2"],
    P18=[b"", b"/..", b"%2fanything/closed", b"anything/closed/x", b"//", b"http:///anything/closed/x", b"#", b"."],
    P23=["/anything/closed/\u00e9".encode(), b"/anything/closed/e%CC%81", "/\uff41nything/closed".encode()],
    P24=["/anything/public/\uff0e\uff0e\uff0fclosed".encode(), b"/anything/public%E2%88%95..%E2%88%95closed"],
    P26=[PUBLIC + b"/a%0d%0aX-Auth-User:%20admin", PUBLIC + b"/a%0aSet-Cookie:%20x=1", PUBLIC + b"/a%E2%80%A8b"],
)


@pytest.fixture(scope="module")
def policy(world: World) -> Policy:
    """What the gateway of the stories goes by."""
    return load(world.gateway.folder / "token-gateway.yaml", {}).policy()


def reads_as_closed(seen: Seen) -> str | None:
    """The server that reads the path, as it reached the app, as one that is denied to everybody."""
    path = seen.target.encode("latin-1").partition(b"?")[0]
    for server in SERVERS:
        segments = server(path)
        if segments is not None and segments[:2] == ("anything", "closed"):
            return server.__name__
    return None


@pytest.mark.parametrize("targets", SPELLINGS)
def test_no_server_behind_the_proxy_reads_what_it_is_handed_as_closed(
    targets: list[bytes], proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    for target in targets:
        for headers in ((), (bearer(world.tokens["write"]),)):
            reply = ask(target, *headers, host="raw.example.org")
            assert reply.status < 500, target
            assert "admin" not in "".join(reply.all("X-Auth-User") + reply.all("Set-Cookie"))
    for seen in app.seen:
        assert reads_as_closed(seen) is None, seen.target
        assert "admin" not in "".join(seen.all("X-Auth-User"))


PIECES = st.sampled_from(
    [
        b"/",
        b"//",
        b"anything",
        b"public",
        b"closed",
        b"api",
        b"..",
        b".",
        b";",
        b"%2f",
        b"%5c",
        b"%2e%2e",
        b"%252e",
        b"\\",
        b"%25",
        b"#",
        b"%00",
        b"%c0%ae",
        b"%63",
        b"\xc3\xa9",
        b"%",
        b"x",
        b";a=b",
        b"%3b",
        b"%3f",
        b"?",
        b"..;",
        b"+",
    ]
)
GENERATED = st.lists(PIECES, max_size=8).map(lambda parts: b"/anything/public/" + b"".join(parts))


@attack("P01", "P03", "P05", "P06", "P08", "P23", "P24")
def test_whatever_reaches_the_app_is_itself_allowed(proxy: Proxy, world: World, policy: Policy) -> None:
    """The proxy may mend the path before or behind the check; then the app must not get another one than was judged."""

    @seed(20261122)
    @settings(max_examples=50, database=None)
    @given(GENERATED)
    def handed_on_was_judged(target: bytes) -> None:
        world.recorder.seen.clear()
        send_raw(proxy.port, head(target, host="raw.example.org"))
        for seen in world.recorder.seen:
            assert reads_as_closed(seen) is None, (target, seen.target)
            assert is_allowed(policy, seen.target.encode("latin-1")), (target, seen.target)

    handed_on_was_judged()


def is_allowed(policy: Policy, uri: bytes) -> bool:
    """Whether nobody in particular may ask for it."""
    judged = parse_target(
        method=b"GET",
        uri=uri,
        host=b"raw.example.org",
        forwarded_for=b"127.0.0.1",
        skip=Networks(()),
        preflight=False,
    )
    return isinstance(judged, Target) and isinstance(choose(policy, judged), Allow)


@attack("P20")
@pytest.mark.parametrize("host", ["localhost", "app.example.org"])
@pytest.mark.parametrize(
    "site", ["http://raw.example.org", "http://RAW.example.org:80", "http://x@raw.example.org", "//raw.example.org"]
)
def test_a_whole_url_opens_no_site_that_its_token_is_not_for(
    host: str, site: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    for target in (f"{site}/anything/closed/x", f"{site}/anything/api/x"):
        reply = ask(target, bearer(world.tokens["pull"]), host=host)
        assert reply.status >= 400 or not app.seen
    assert app.seen == []


@attack("P28")
def test_parameters_reach_the_app_and_steer_no_check(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    for query in ("?uri=/anything/public/x&method=GET", "?/../public/x", "?X-Forwarded-Uri=/anything/public/x", "??"):
        assert ask(f"/anything/closed/x{query}", bearer(world.tokens["write"]), host="raw.example.org").status == 403
        assert ask(f"/anything/api/x{query}", host="raw.example.org").status == 401
    assert app.seen == []
