"""The check listener over real sockets: it answers checks and nothing else, and no byte of a bad head comes back."""

import asyncio
import json
import socket
from base64 import b64encode

import pytest
import structlog

from gateway.core.network import Networks
from gateway.core.reason import Reason
from gateway.web import caps
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.trust import Trust
from tests.lanes import LANES, LOOPBACK, Listener, a_check, head, parsed, values

CANARY = b"SECRETCANARY"


@pytest.fixture(params=LANES)
def lane(request):
    return request.param


@pytest.fixture
async def listener(house, lane):
    made = Listener(house, LOOPBACK, lane)
    await made.start()
    yield made
    await made.stop()


async def test_an_allow_is_200_empty_and_carries_every_identity_header_once(listener):
    _, token = listener.house.keep()
    status, pairs, body = await listener.ask("/api/x", (b"Authorization", b"Bearer " + token))
    assert (status, body, values(pairs, b"content-length")) == (200, b"", [b"0"])
    assert values(pairs, b"x-auth-user") == [b"alice"]
    assert values(pairs, b"x-webauth-user") == [b""]
    assert values(pairs, b"cache-control") == [b"no-store"]
    assert values(pairs, b"authorization") == []
    assert values(pairs, b"content-type") == []


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda token: (b"Authorization", b"token " + token), id="R03-token"),
        pytest.param(lambda token: (b"Authorization", b"Basic " + b64encode(b"alice:" + token)), id="R02-basic"),
    ],
)
async def test_every_listed_transport_passes(listener, header):
    _, token = listener.house.keep()
    assert (await listener.ask("/api/x", header(token)))[0] == 200


async def test_a_refusal_says_one_stable_code_and_challenges_in_one_line(listener):
    status, pairs, body = await listener.ask()
    assert (status, body) == (401, b"no_credential\n")
    assert values(pairs, b"x-auth-reason") == [b"no_credential"]
    assert values(pairs, b"www-authenticate") == [b'Basic realm="Test", charset="UTF-8", Bearer realm="Test"']


async def test_a_browser_gets_a_page_and_no_password_box(listener):
    status, pairs, body = await listener.ask("/api/x", (b"Accept", b"text/html,*/*"))
    assert status == 401
    assert body.startswith(b"<!doctype html>")
    assert b"help &lt;desk@example.org&gt;" in body
    assert values(pairs, b"www-authenticate") == [b'Bearer realm="Test"']
    assert values(pairs, b"x-content-type-options") == [b"nosniff"]


async def test_a_route_that_asks_for_it_shows_browsers_the_password_box(listener):
    _, pairs, _ = await listener.ask("/browser/x", (b"Accept", b"text/html"))
    assert values(pairs, b"www-authenticate") == [b'Basic realm="Test", charset="UTF-8"']


async def test_a_route_that_takes_a_header_alone_still_challenges(listener):
    _, pairs, _ = await listener.ask("/machine/x")
    assert values(pairs, b"www-authenticate") == [b'Token realm="Test"']


async def test_a_holder_without_the_scope_reads_the_reason_and_a_stranger_does_not(listener):
    _, token = listener.house.keep()
    status, pairs, _ = await listener.ask("/admin/x", (b"Authorization", b"Bearer " + token))
    assert (status, values(pairs, b"x-auth-reason")) == (403, [b"insufficient_scope"])
    listener.house.clock.advance(3600)
    assert values((await listener.ask("/api/x", (b"Authorization", b"Bearer " + token)))[1], b"x-auth-reason") == [
        b"expired"
    ]
    other = listener.house.keep()[1]
    stranger = other[:16] + token[16:]
    assert values((await listener.ask("/api/x", (b"Authorization", b"Bearer " + stranger)))[1], b"x-auth-reason") == [
        b"invalid_token"
    ]


async def test_only_a_route_that_keeps_hands_the_credential_to_the_app(listener):
    _, token = listener.house.keep()
    sent = (b"Authorization", b"Bearer " + token)
    for path, kept in (("/api/x", []), ("/keep/x", [sent[1]]), ("/public/x", [sent[1]])):
        assert values((await listener.ask(path, sent))[1], b"authorization") == kept
    machine = await listener.ask("/public/x", (b"X-API-Key", b"theirs"))
    assert values(machine[1], b"x-api-key") == [b"theirs"], "the proxy takes every token header from our answer"


async def test_cookies_stay_except_where_the_route_strips_them(listener):
    _, token = listener.house.keep()
    sent = ((b"Authorization", b"Bearer " + token), (b"Cookie", b"sid=1; x=2"))
    assert values((await listener.ask("/bare/x", *sent))[1], b"cookie") == []
    assert values((await listener.ask("/api/x", *sent))[1], b"cookie") == [b"sid=1; x=2"]


async def test_a_kept_value_that_cannot_be_written_is_left_out_and_never_changed(listener):
    assert (
        values((await listener.ask("/public/x", (b"Authorization", b"Bearer a\xff\xfeb")))[1], b"authorization") == []
    )


async def test_allowed_checks_are_counted_and_denied_ones_are_not(listener):
    token, presented = listener.house.keep()
    for path in ("/api/x", "/api/y", "/admin/x"):
        await listener.ask(path, (b"Authorization", b"Bearer " + presented))
    await listener.usage.flush()
    (use,) = listener.house.store.uses
    assert (use.token_id, use.count, use.last_address) == (token.id, 2, "10.1.2.3")
    assert [reason for _, reason in listener.counts] == [Reason.TOKEN, Reason.TOKEN, Reason.INSUFFICIENT_SCOPE]


@pytest.mark.parametrize(
    "target",
    ["/", "/check", "/check/", "/check/envoyy", "/check/nginx/", "/check/../admin", "/health/live", "/metrics", "*"],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
async def test_whatever_else_is_asked_is_never_answered_with_success(listener, target, method):
    status, _, _ = parsed(await listener.send(head(target, method=method)))
    assert status >= 400


@pytest.mark.parametrize("query", ["?policy=public&user=admin", "?token=x", "?/check/nginx"])
async def test_the_query_of_the_check_url_is_ignored(listener, query):  # P28
    facts = [
        (b"X-Forwarded-Method", b"GET"),
        (b"X-Forwarded-Uri", b"/api/x"),
        (b"X-Forwarded-Host", b"app.example.org"),
        (b"X-Forwarded-For", b"10.1.2.3"),
    ]
    assert parsed(await listener.send(head("/check/traefik" + query, *facts)))[0] == 401


@pytest.mark.parametrize("missing", range(4))
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
async def test_a_missing_a_doubled_or_an_empty_fact_is_refused_on_public_routes_too(listener, dialect, missing):
    names = (
        [b"X-Original-Method", b"X-Original-URI", b"Host", b"X-Forwarded-For"]
        if dialect == "nginx"
        else [b"X-Forwarded-Method", b"X-Forwarded-Uri", b"X-Forwarded-Host", b"X-Forwarded-For"]
    )
    facts = list(zip(names, [b"GET", b"/public/x", b"app.example.org", b"10.1.2.3"], strict=True))

    async def status(pairs):
        lines = [f"GET /check/{dialect} HTTP/1.1".encode(), *(name + b": " + value for name, value in pairs)]
        if not any(name == b"Host" for name, _ in pairs):
            lines.append(b"Host: gw")
        return parsed(await listener.send(b"\r\n".join(lines) + b"\r\n\r\n"))[0]

    assert await status(facts) == 200
    assert await status(facts[:missing] + facts[missing + 1 :]) >= 400
    assert await status([*facts, facts[missing]]) >= 400
    assert await status([*facts[:missing], (names[missing], b""), *facts[missing + 1 :]]) >= 400


BAD_HEADS = [
    pytest.param(b"GET /check/traefik HTTP/1.1\r\n\r\n", id="no-host"),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", id="two-hosts"),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nX: " + CANARY + b"\x00\r\n\r\n", id="D02-nul"),
    pytest.param(
        b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer\r\n " + CANARY + b"\r\n\r\n", id="D02-fold"
    ),
    pytest.param(
        b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nAuthorization : " + CANARY + b"\r\n\r\n", id="D02-space-colon"
    ),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\n: " + CANARY + b"\r\n\r\n", id="D02-no-name"),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nX: a\rb" + CANARY + b"\r\n\r\n", id="D02-bare-cr"),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nX: " + CANARY * 2000 + b"\r\n\r\n", id="D08-huge-field"),
    pytest.param(b"GET /check/traefik HTTP/1.1\r\nHost: a\r\n" + b"X: 1\r\n" * 300 + b"\r\n", id="D08-many-headers"),
    pytest.param(b"GET /check/traefik?" + CANARY * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", id="D08-huge-line"),
    pytest.param(
        b"POST /check/traefik HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        id="D01-cl-te",
    ),
    pytest.param(b"POST /check/traefik HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\n", id="D01-plus-length"),
    pytest.param(
        b"POST /check/traefik HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="D01-two"
    ),
    pytest.param(b"\x16\x03\x01\x02\x00\x01" + CANARY, id="tls-hello"),
    pytest.param(CANARY + b" / HTTP/1.1\r\nHost: a\r\n\r\n", id="method"),
]


@pytest.mark.parametrize("raw", BAD_HEADS)
async def test_a_malformed_head_is_refused_closed_and_neither_echoed_nor_logged(listener, raw, caplog, capsys):
    with structlog.testing.capture_logs() as logs:
        got = await listener.send(raw, until_closed=True)
    assert got == b"" or parsed(got)[0] >= 400
    assert got.count(b"HTTP/1.1 ") <= 1
    written = got + json.dumps(logs).encode() + caplog.text.encode() + "".join(capsys.readouterr()).encode()
    assert CANARY not in written


async def test_a_check_that_announces_a_body_is_answered_at_once_and_closed(listener):
    facts = [
        (b"X-Forwarded-Method", b"POST"),
        (b"X-Forwarded-Uri", b"/public/x"),
        (b"X-Forwarded-Host", b"app.example.org"),
        (b"X-Forwarded-For", b"10.1.2.3"),
    ]
    for announced in ((b"Content-Length", b"1000000"), (b"Transfer-Encoding", b"chunked")):
        status, pairs, _ = parsed(await listener.send(head("/check/traefik", *facts, announced, method="POST")))
        assert status == 200
        assert values(pairs, b"connection") == [b"close"]


async def test_head_gets_no_body_bytes(listener):
    facts = [
        (b"X-Forwarded-Method", b"HEAD"),
        (b"X-Forwarded-Uri", b"/api/x"),
        (b"X-Forwarded-Host", b"app.example.org"),
        (b"X-Forwarded-For", b"10.1.2.3"),
    ]
    status, _, body = parsed(await listener.send(head("/check/traefik", *facts, method="HEAD")))
    assert (status, body) == (401, b"")


@pytest.mark.parametrize("header", [(b"Expect", b"100-continue"), (b"Expect", b"x"), (b"Upgrade", b"websocket")])
async def test_expect_and_upgrade_change_nothing_for_the_better(listener, header):  # H22
    status, _, _ = await listener.ask("/api/x", header)
    assert status in {401, 417}


async def test_a_slow_head_is_cut_off(listener, monkeypatch):  # D06
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"GET /check/traefik HTTP/1.1\r\nHost:")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 1)
    writer.close()


async def test_an_idle_connection_is_kept_after_a_head_and_a_second_slow_head_is_cut_off(listener, monkeypatch):
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(head("/nothing"))
    await reader.readuntil(b"not a check\n")
    await asyncio.sleep(0.15)
    writer.write(head("/nothing"))
    await reader.readuntil(b"not a check\n")
    writer.write(b"GET /")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 1)
    writer.close()


async def test_connections_beyond_the_cap_are_refused(listener, monkeypatch):
    monkeypatch.setattr(caps, "MAX_CONNECTIONS", 1)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(head("/nothing"))
    await reader.readuntil(b"not a check\n")
    assert await listener.send(head("/nothing")) == b""
    writer.close()


async def test_a_peer_outside_trusted_proxies_is_refused_whatever_it_sends(house, lane):  # H08
    stranger = Listener(house, Trust(Networks.of(["192.0.2.1"]), unix=True), lane)
    await stranger.start()
    _, token = house.keep()
    for path in ("/public/x", "/api/x"):
        status, pairs, _ = await stranger.ask(path, (b"Authorization", b"Bearer " + token))
        assert (status, values(pairs, b"x-auth-reason")) == (403, [b"forbidden"])
    assert stranger.untrusted == ["127.0.0.1"] * 2
    await stranger.stop()


@pytest.mark.parametrize(
    ("family", "peer", "trusted"),
    [
        (socket.AF_INET, ("127.0.0.1", 1), True),
        (socket.AF_INET6, ("::ffff:127.0.0.1", 1, 0, 0), True),
        (socket.AF_INET, ("127.0.0.2", 1), False),
        (socket.AF_INET6, ("fe80::1%eth0", 1, 0, 2), False),
        (socket.AF_INET, ("nonsense", 1), False),
        (socket.AF_INET, None, False),
        (socket.AF_UNIX, "", True),
        (socket.AF_UNIX, None, True),
    ],
)
def test_trust_is_by_address_for_tcp_and_by_the_socket_for_unix(family, peer, trusted):
    assert Trust(Networks.of(["127.0.0.1"]), unix=True)(family, peer) is trusted
    assert not Trust(Networks(()), unix=False)(family, peer)


async def test_a_reload_that_takes_trust_away_reaches_connections_that_are_open(listener):
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    for trust, status in ((listener.door.trust, b"401"), (Trust(Networks(()), unix=False), b"403")):
        listener.door.trust = trust
        writer.write(a_check("/api/x"))
        assert (await reader.readuntil(b"\r\n")).split()[1] == status
        await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"\n")
    writer.close()


async def test_strangers_cannot_keep_out_those_who_may_ask(house, monkeypatch, lane):
    monkeypatch.setattr(caps, "MAX_STRANGERS", 2)
    stranger = Listener(house, Trust(Networks.of(["192.0.2.1"]), unix=True), lane)
    await stranger.start()
    held = [await asyncio.open_connection("127.0.0.1", stranger.port) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert await stranger.send(a_check("/api/x")) == b"", "a third stranger is hung up on"
    for _, writer in held:
        writer.close()
    await asyncio.sleep(0.05)
    assert parsed(await stranger.send(a_check("/api/x")))[0] == 403
    await stranger.stop()
    assert not stranger.door.strangers


async def test_a_stranger_is_not_logged_at_each_check(house, lane):
    stranger = Listener(house, Trust(Networks(()), unix=False), lane)
    await stranger.start()
    with structlog.testing.capture_logs() as logs:
        await stranger.ask("/api/x")
    assert logs == []
    await stranger.stop()


@pytest.mark.parametrize("line", [b"GET /check/traefik HTTP/2.0", b"CONNECT /check/traefik HTTP/1.1"])
async def test_other_versions_and_connect_are_refused(listener, line):
    raw = a_check("/public/x").partition(b"\r\n")[2]
    assert parsed(await listener.send(line + b"\r\n" + raw))[0] >= 400


async def test_a_head_that_begins_behind_a_whole_one_has_its_own_deadline(listener, monkeypatch):
    monkeypatch.setattr(caps, "HEAD_DEADLINE_S", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(head("/nothing") + b"G")
    await reader.readuntil(b"not a check\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 1)
    writer.close()


async def test_a_preflight_hands_no_credential_to_an_app_that_must_not_see_one(listener):
    _, token = listener.house.keep()
    wanted = ((b"Origin", b"https://a.example"), (b"Access-Control-Request-Method", b"GET"))
    sent = (b"Authorization", b"Bearer " + token)
    status, pairs, _ = await listener.ask("/cors/x", *wanted, sent, method="OPTIONS")
    assert (status, values(pairs, b"authorization")) == (200, [])


@pytest.mark.parametrize("door", ["remembered", "authenticate"])
async def test_an_error_inside_is_a_refusal_and_its_log_holds_no_value(listener, monkeypatch, door):  # L03
    def broken(*_):
        raise RuntimeError(CANARY.decode())

    _, token = listener.house.keep()
    monkeypatch.setattr(listener.house.authenticator, door, broken)
    raw = a_check("/api/x")[:-2] + b"Authorization: Bearer " + token + b"\r\n\r\n"
    status, pairs, _ = parsed(await listener.send(raw))
    assert (status, values(pairs, b"x-auth-reason")) == (503, [b"unavailable"])
    assert values(pairs, b"retry-after") == [b"1"]


async def test_a_refusal_logs_one_line_with_what_an_operator_needs_and_no_query(listener):
    _, token = listener.house.keep()
    with structlog.testing.capture_logs() as logs:
        await listener.ask("/admin/x?token=" + CANARY.decode(), (b"Authorization", b"Bearer " + token))
    (line,) = logs
    assert line["handle"] == token[:15].decode()
    expected = {"reason": "insufficient_scope", "host": "app.example.org", "path": "/admin/x", "address": "10.1.2.3"}
    assert expected.items() <= line.items()
    assert CANARY.decode() not in json.dumps(line)
    assert token.decode()[16:48] not in json.dumps(line)
