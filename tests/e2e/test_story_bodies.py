"""Requests with bodies, HEAD, preflights and upgrades: the check never touches the body, the app gets it whole."""

import socket

import pytest

from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import bearer, head, read_reply
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

THINGS = "/anything/api/things"
TWO_MB = 2 * 1024 * 1024


def test_a_post_of_two_megabytes_reaches_the_app_whole(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    reply = ask(THINGS, bearer(world.tokens["write"]), method="POST", host="raw.example.org", body=b"x" * TWO_MB)
    assert reply.status == 200
    [seen] = app.seen
    assert (seen.method, seen.body_bytes) == ("POST", TWO_MB)


def test_a_chunked_post_reaches_the_app_whole(proxy: Proxy, app: Recorder, world: World) -> None:
    headers = [bearer(world.tokens["write"]), ("Transfer-Encoding", "chunked")]
    raw = head(THINGS, host="raw.example.org", method="POST", headers=headers)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=15) as connection:
        connection.sendall(raw + b"5\r\nhello\r\n" * 1000 + b"0\r\n\r\n")
        assert read_reply(connection, "POST").status == 200
    assert app.seen[0].body_bytes == 5000


def test_a_refused_post_is_answered_though_its_body_never_comes(proxy: Proxy, app: Recorder) -> None:
    for framing in (("Content-Length", "1000000"), ("Transfer-Encoding", "chunked")):
        raw = head(THINGS, host="raw.example.org", method="POST", headers=[framing])
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as connection:
            connection.sendall(raw)
            assert read_reply(connection, "POST").status == 401
    assert app.seen == []


def test_httpbin_gets_the_form_and_no_token(proxy: Proxy, ask: Ask, world: World) -> None:
    form = ("Content-Type", "application/x-www-form-urlencoded")
    reply = ask(THINGS, bearer(world.tokens["write"]), form, method="POST", body=b"colour=green")
    assert reply.json()["form"] == {"colour": "green"}
    assert world.tokens["write"] not in reply.body.decode()


def test_head_is_judged_as_get_and_has_no_body(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    allowed = ask(THINGS, bearer(world.tokens["read"]), method="HEAD", host="raw.example.org")
    assert (allowed.status, allowed.body, allowed.all("X-App")) == (200, b"", ["recorder"])
    refused = ask(THINGS, method="HEAD", host="raw.example.org")
    assert (refused.status, refused.body) == (401, b"")
    assert [seen.method for seen in app.seen] == ["HEAD"]


PREFLIGHT = (("Origin", "https://page.example.net"), ("Access-Control-Request-Method", "GET"))


def test_h24_a_preflight_passes_where_the_route_says_so_and_carries_no_identity(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    forged = (("X-Auth-User", "mallory"), bearer(world.tokens["read"]), ("X-API-Key", world.tokens["read"]))
    reply = ask("/anything/cors/x", *PREFLIGHT, *forged, method="OPTIONS", host="raw.example.org")
    assert reply.status == 200
    [seen] = app.seen
    assert "".join(seen.all("X-Auth-User")) == ""
    assert world.tokens["read"] not in str(seen)
    assert seen.all("Origin") == ["https://page.example.net"]


@pytest.mark.parametrize("missing", [0, 1, None], ids=["no-origin", "no-method", "neither"])
def test_h24_an_options_request_that_is_no_preflight_needs_a_token(
    missing: int | None, proxy: Proxy, ask: Ask, app: Recorder
) -> None:
    headers = () if missing is None else (PREFLIGHT[1 - missing],)
    assert ask("/anything/cors/x", *headers, method="OPTIONS", host="raw.example.org").status == 401
    assert app.seen == []


def test_h24_elsewhere_a_preflight_is_refused(proxy: Proxy, ask: Ask, app: Recorder) -> None:
    assert ask(THINGS, *PREFLIGHT, method="OPTIONS", host="raw.example.org").status in {401, 403}
    assert app.seen == []


def test_an_upgrade_is_checked_like_any_request(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    upgrade = (
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    )
    assert ask(THINGS, *upgrade, host="raw.example.org").status == 401
    assert app.seen == []
    assert ask(THINGS, *upgrade, bearer(world.tokens["read"]), host="raw.example.org").status in {200, 502}
    assert app.seen[0].all("X-Auth-User") == ["alice"]


def test_h22_expect_is_no_way_past_the_check(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    assert ask(THINGS, ("Expect", "100-continue"), host="raw.example.org").status == 401
    assert ask(THINGS, ("Expect", "nonsense"), host="raw.example.org").status in {401, 417}
    assert app.seen == []


def test_methods_that_no_route_lists_are_refused(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    for method in ("PATCH", "FOO", "get", "TRACE", "PROPFIND"):
        reply = ask(THINGS, bearer(world.tokens["write"]), method=method, host="raw.example.org")
        assert reply.status in {400, 403, 405}, method
    assert app.seen == []
