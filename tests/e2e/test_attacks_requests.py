"""H, T and D, through real proxies: what is malformed, doubled or forged never reaches an app that it is not for."""

import time
from base64 import b64encode

import pytest

from tests.attacks.corpus import attack, spelled
from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import Reply, bearer, head, send_raw
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

RAW = "raw.example.org"
READ, PUBLIC, CLOSED = "/anything/api/x", "/anything/public/x", "/anything/closed/x"
ALLOWED = range(200, 300)


def basic(pair: bytes) -> tuple[str, str]:
    return ("Authorization", "Basic " + b64encode(pair).decode())


def sent(proxy: Proxy, raw: bytes) -> Reply | None:
    """The answer to raw bytes; None when the proxy hangs up without one."""
    try:
        return send_raw(proxy.port, raw)
    except (OSError, ValueError, EOFError):
        return None


@attack("H02")
@pytest.mark.parametrize("method", ["get", "Get", "GETX", "GET,DELETE", "A" * 300, "FOO-BAR", "G\u00c9T", "*"])
def test_a_method_that_no_route_names_reaches_no_app(method: str, proxy: Proxy, app: Recorder, world: World) -> None:
    for path in (READ, CLOSED):
        raw = head(path, host=RAW, headers=[bearer(world.tokens["write"])]).replace(b"GET ", method.encode() + b" ", 1)
        reply = sent(proxy, raw)
        assert reply is None or reply.status >= 400, path
    assert app.seen == []


@attack("H11", "H12", "H10")
@pytest.mark.parametrize(
    "forged",
    [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Proto", "https,http"),
        ("X-Forwarded-Host", "localhost"),
        ("True-Client-IP", "10.0.0.1"),
        ("CF-Connecting-IP", "10.0.0.1"),
        ("X-Forwarded-For", "unknown, 10.0.0.1"),
        ("X-Forwarded-Port", "99999"),
        ("X-Forwarded-Prefix", "/anything/public"),
        ("X-Rewrite-URL", PUBLIC),
    ],
    ids=" ".join,
)
def test_what_the_client_says_of_itself_changes_no_answer(
    forged: tuple[str, str], proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = bearer(world.tokens["read"])
    for extra in ((forged,), (forged, forged)):
        assert ask(READ, *extra, host=RAW).status == 401
        assert ask(CLOSED, token, *extra, host=RAW).status == 403
        reply = ask(READ, token, *extra, host=RAW)
        assert reply.status in {200, 400}, "a proxy may refuse a header that comes twice"
    assert {seen.target for seen in app.seen} <= {READ}


@attack("H07", "H15")
@pytest.mark.parametrize("alias", ["X_Forwarded_Uri", "X.Forwarded.Uri", "X_Original_URI", "Remote_User"])
def test_an_alias_of_a_fact_changes_no_answer(alias: str, proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    assert ask(CLOSED, (alias, PUBLIC), bearer(world.tokens["write"]), host=RAW).status in {400, 403}
    assert app.seen == []


@attack("H22")
@pytest.mark.parametrize("expected", ["100-continue", "x"])
def test_expect_opens_nothing(expected: str, proxy: Proxy, app: Recorder, world: World) -> None:
    for path, headers in ((READ, []), (CLOSED, [bearer(world.tokens["write"])])):
        began = time.monotonic()
        reply = sent(proxy, head(path, host=RAW, headers=[*headers, ("Expect", expected)]))
        assert reply is None or reply.status in {100, 401, 403, 417}
        assert time.monotonic() - began < 5
    assert app.seen == []


@attack("H24")
def test_only_a_real_preflight_passes_without_a_credential(proxy: Proxy, ask: Ask, app: Recorder) -> None:
    real = (("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET"))
    path = "/anything/cors/x"
    for headers in ((), real[:1], real[1:]):
        assert ask(path, *headers, host=RAW, method="OPTIONS").status >= 400
    for other in (READ, CLOSED):
        assert ask(other, *real, host=RAW, method="OPTIONS").status >= 400
    assert ask(path, *real, host=RAW).status == 401
    assert app.seen == []
    forged = (("X-Auth-User", "mallory"), ("Authorization", "Bearer x"))
    assert ask(path, *real, *forged, host=RAW, method="OPTIONS").status == 200
    (seen,) = app.seen
    assert "mallory" not in seen.text()
    assert seen.all("X-Auth-User") in ([], [""])


@attack("T01", "T19")
def test_two_credentials_reach_no_app_in_any_order(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    read, write = world.tokens["read"], world.tokens["write"]
    pairs = (
        (bearer(read), bearer(write)),
        (bearer("bad"), bearer(read)),
        (bearer(read), bearer("bad")),
        (bearer(read), basic(b"alice:" + write.encode())),
        (bearer(read), ("X-API-Key", write)),
        (("X-API-Key", read), ("Auth-Token", write)),
        (("Authorization", ""), bearer("bad")),
        (("Authorization", f"Bearer {read}, Bearer {write}"), ("X", "y")),
    )
    for pair in pairs:
        assert ask(READ, *pair, host=RAW).status in {400, 401, 403}, pair[0][0]
    assert app.seen == []


@attack("T01")
def test_a_token_header_that_comes_twice_reaches_no_app_and_is_at_most_one_token(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    """nginx before 1.23 tells of the first one alone: then that one is judged, and the app gets neither."""
    first, second = world.tokens["pull"], world.tokens["read"]
    status = ask(READ, ("X-API-Key", first), ("X-API-Key", second), host=RAW).status
    assert status in {400, 401, 403}, "the first one has not the scope"
    status = ask(READ, ("X-API-Key", second), ("X-API-Key", first), host=RAW).status
    assert status == 200 if proxy.name == "nginx-debian" else status in {400, 401, 403}
    assert not any(token in seen.text() for token in (first, second) for seen in app.seen)


@attack("T03", "T04")
def test_the_scheme_may_be_in_any_case_and_one_blank_follows(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = world.tokens["read"]
    for scheme in ("bearer", "BEARER"):
        assert ask(READ, ("Authorization", f"{scheme} {token}"), host=RAW).status == 200
    app.seen.clear()
    for value in (f"Bearer  {token}", f"Bearer\t{token}", f"Bearer{token}", "Bearer", "Bearer ", f"Bearer {token} x"):
        assert ask(READ, ("Authorization", value), host=RAW).status in {400, 401, 403}, value[:9]
    assert app.seen == []


@attack("T06", "T07", "T11", "T15")
def test_bytes_that_are_no_token_are_an_answer_and_no_crash(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = world.tokens["read"]
    values = ["\xff\xfe", "\xc3\xa9", token[:-1], token + "A", token + "A" * 7000, token.lower(), token.upper()]
    for value in values:
        for header in (bearer(value), ("X-API-Key", value), basic(b"alice:" + value.encode("latin-1"))):
            assert ask(READ, header, host=RAW).status in {400, 401, 403, 431, 500}, value[
                :9
            ]  # 500: larger than nginx takes
    for pair in (b"", b":", b"user:", b":pass", b"a:b:c", b"\xff:\xff", b"\x00", b"a\r\nX-Auth-User: admin:b"):
        assert ask(READ, basic(pair), host=RAW).status in {400, 401, 403}, pair
    assert app.seen == []
    assert ask(READ, bearer(token), host=RAW).status == 200


@attack("T17", "T21")
def test_a_token_where_nobody_asked_for_one_opens_nothing(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    token = world.tokens["read"]
    for name in ("token", "auth_token", "access_token", "authorization"):
        assert ask(f"{READ}?{name}={token}", host=RAW).status == 401
    assert ask(READ, ("Proxy-Authorization", f"Bearer {token}"), host=RAW).status == 401
    assert ask(READ, ("Cookie", f"token={token}; session={token}"), host=RAW).status == 401
    assert app.seen == []
    assert token[16:] not in world.gateway.program.log.read_text("utf-8", "replace")


FRAMED = spelled(
    D01=[
        b"Content-Length: 3\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked, identity",
        b"Transfer-Encoding: xchunked",
        b"Transfer-Encoding : chunked",
        b"Content-Length: 1\r\nContent-Length: 2",
        b"Content-Length: +5",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding:\x0bchunked",
    ],
    D02=[
        b"X: 1\r\n folded",
        b"X: a\rX-Auth-User: mallory",
        b"X: a\nX-Auth-User: mallory",
        b"X: a\x00b",
        b": empty",
        b"X : 1",
        b"no colon",
        b"X-Auth-User\x00: mallory",
    ],
)


@pytest.mark.parametrize("lines", FRAMED)
@pytest.mark.parametrize("credentials", [False, True], ids=["nobody", "holder"])
def test_no_framing_smuggles_a_request_or_an_identity_to_the_app(
    lines: list[bytes], credentials: bool, proxy: Proxy, app: Recorder, world: World
) -> None:
    """What follows would be a second request, to what is closed, if proxy and app disagreed on where the first ends."""
    smuggled = head(CLOSED, host=RAW, headers=[("X-Auth-User", "mallory")])
    headers = [bearer(world.tokens["write"])] if credentials else []
    for line in lines:
        raw = head(READ, host=RAW, method="POST", headers=headers, close=False)[:-2] + line + b"\r\n\r\n"
        for body in (b"0\r\n\r\n", b"abc", b""):
            reply = sent(proxy, raw + body + smuggled)
            assert reply is None or credentials or reply.status >= 400, line
    for seen in app.seen:
        assert "closed" not in seen.target
        assert "mallory" not in seen.text()


@attack("D08")
def test_a_head_too_large_for_anybody_is_a_refusal(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    token = bearer(world.tokens["write"])
    for headers in ([(f"X-{number}", "1") for number in range(180)], [("X", "x" * 7000)], [("X", "x" * 60_000)]):
        reply = sent(proxy, head(CLOSED, host=RAW, headers=[token, *headers]))
        assert reply is None or reply.status in {400, 403, 431, 500, 502}, len(headers)
    assert app.seen == []
    assert ask(READ, token, *((f"X-{number}", "1") for number in range(60)), host=RAW).status == 200
