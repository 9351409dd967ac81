"""Tokens in a URL's query and in a form: only where the route lists them, never one of two, and in no log."""

import asyncio
import json
import time
from urllib.parse import quote

import pytest
import structlog

from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.core.network import Networks
from gateway.core.route import Access
from gateway.web import caps
from gateway.web.check import presented
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.listener import CheckListener
from gateway.web.check.redacted import redacted
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.check.trust import Trust
from tests.builders import a_policy, a_route

HEADERS_ONLY = ("bearer", "token", "basic")
ROUTES = (
    a_route("/public/**", access=Access.PUBLIC, credentials=()),
    a_route("/plain/**", credentials=HEADERS_ONLY),
    a_route("/url/**", credentials=(*HEADERS_ONLY, "header:X-API-Key", "query:auth_token", "query:token")),
    a_route("/form/**", credentials=(*HEADERS_ONLY, "form:auth_token")),
    a_route("/both/**", credentials=("bearer", "query:auth_token", "form:auth_token")),
)
URLENCODED = (b"Content-Type", b"application/x-www-form-urlencoded")


class Given:
    """A body that is there, that counts how often it is read."""

    def __init__(self, content: bytes | None) -> None:
        self.content = content
        self.reads = 0

    async def read(self, limit: int) -> bytes | None:
        self.reads += 1
        return self.content if self.content is not None and len(self.content) <= limit else None


class Checks:
    """A check service, asked without sockets."""

    def __init__(self, house) -> None:
        self.house = house
        self.service = CheckService(
            CheckSettings(policy=a_policy(*ROUTES), skip=Networks(()), realm="Test", support_contact=""),
            authenticator=house.authenticator,
            usage=UsageCounter(house.store, house.faults.append),
            refusals=Refusals(house.store, clock=house.clock.now, fault=house.faults.append),
            metrics=self,
            clock=house.clock.now,
        )
        self.reasons: list[str] = []

    def checked(self, _dialect, reason) -> None:
        self.reasons.append(reason.value)

    async def ask(self, uri: str, *headers, body=None, dialect="traefik") -> str:
        """The full reason that a check ends with."""
        name = b"X-Original-" if dialect == "nginx" else b"X-Forwarded-"
        facts = [
            (name + b"Method", b"POST"),
            (name + b"URI", uri.encode()),
            (b"Host" if dialect == "nginx" else name + b"Host", b"app.example.org"),
            (b"X-Forwarded-For", b"10.1.2.3"),
        ]
        await self.service.check(DIALECTS[dialect], [*facts, *headers], body)
        return self.reasons[-1]


@pytest.fixture
def checks(house):
    return Checks(house)


@pytest.fixture
def token(checks):
    return checks.house.keep()[1].decode()


def bearer(token: str) -> tuple[bytes, bytes]:
    return (b"Authorization", b"Bearer " + token.encode())


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
async def test_r05_a_token_in_the_url_passes_where_the_route_lists_it_and_nowhere_else(checks, token, dialect):
    for query in (f"auth_token={token}", f"a=1&token={token}&login_mode=basic", f"auth%5Ftoken={quote(token)}"):
        assert await checks.ask(f"/url/x?{query}", dialect=dialect) == "token"
        assert await checks.ask(f"/plain/x?{query}", dialect=dialect) == "no_credential"


async def test_r05_a_public_route_looks_at_no_query(checks):
    assert await checks.ask("/public/x?auth_token=a&auth_token=b") == "public"


async def test_the_query_and_every_header_that_the_route_lists_must_agree(checks, token):
    assert await checks.ask(f"/url/x?auth_token={token}", bearer(token), (b"X-API-Key", token.encode())) == "token"
    other = checks.house.keep()[1].decode()
    assert await checks.ask(f"/url/x?auth_token={other}", bearer(token)) == "ambiguous_request"
    assert await checks.ask("/url/x?auth_token=", bearer(token)) == "ambiguous_request"
    assert await checks.ask(f"/url/x?auth_token={token}&token={other}") == "ambiguous_request"
    assert await checks.ask(f"/plain/x?auth_token={other}", bearer(token)) == "token"


@pytest.mark.parametrize(
    "more", ["&auth_token={0}", "&auth_token[]=x", "&auth_token[0]=x", ";a=1", "&a=1;auth_token=x"]
)
async def test_r05_a_second_spelling_beside_it_is_refused(checks, token, more):
    assert await checks.ask(f"/url/x?auth_token={token}{more.format(token)}") == "ambiguous_request"


@pytest.mark.parametrize("mode", ["form", "basic", "url", "external", "token"])
async def test_r06_login_mode_is_tolerated_and_never_obeyed(checks, token, mode):
    assert await checks.ask(f"/url/x?login_mode={mode}&auth_token={token}") == "token"
    assert await checks.ask(f"/plain/x?login_mode={mode}", bearer(token)) == "token"
    assert await checks.ask(f"/plain/x?login_mode={mode}&auth_token={token}") == "no_credential"


async def test_r04_a_token_in_a_form_passes_where_the_route_lists_it_and_the_proxy_brings_bodies(checks, token):
    form = f"a=1&auth_token={token}".encode()
    assert await checks.ask("/form/x", URLENCODED, body=Given(form)) == "token"
    for path, dialect in (("/plain/x", "traefik"), ("/url/x", "traefik"), ("/form/x", "nginx"), ("/form/x", "caddy")):
        body = Given(form)
        assert await checks.ask(path, URLENCODED, body=body, dialect=dialect) == "no_credential"
        assert body.reads == 0


async def test_r04_the_body_is_read_only_when_nothing_else_was_presented(checks, token):
    other = checks.house.keep()[1]
    for uri, headers in (("/both/x", [bearer(token)]), (f"/both/x?auth_token={token}", [])):
        body = Given(b"auth_token=" + other)
        assert await checks.ask(uri, *headers, URLENCODED, body=body) == "token"
        assert body.reads == 0
    for uri, headers in (("/both/x", [(b"Authorization", b"Bearer")]), ("/both/x?auth_token=", [])):
        body = Given(b"auth_token=" + other)
        assert await checks.ask(uri, *headers, URLENCODED, body=body) == "malformed_token"
        assert body.reads == 0


@pytest.mark.parametrize(
    ("headers", "content", "reason"),
    [
        pytest.param([], b"auth_token=x", "no_credential", id="no-type"),
        pytest.param([(b"Content-Type", b"application/json")], b"{}", "no_credential", id="other-type"),
        pytest.param([URLENCODED], b"", "no_credential", id="empty"),
        pytest.param([URLENCODED], b"auth_token=x", "malformed_token", id="no-token"),
        pytest.param([URLENCODED], None, "ambiguous_request", id="broken-off"),
        pytest.param([URLENCODED], b"auth_token=x&a=" + b"a" * 65_536, "ambiguous_request", id="too-large"),
        pytest.param([URLENCODED, (b"Content-Encoding", b"gzip")], b"x", "ambiguous_request", id="compressed"),
        pytest.param([URLENCODED], b"auth_token=a&auth_token=b", "ambiguous_request", id="doubled"),
    ],
)
async def test_a_form_that_cannot_be_read_in_full_is_refused(checks, headers, content, reason):
    assert await checks.ask("/form/x", *headers, body=Given(content)) == reason


async def test_a_form_that_does_not_come_is_given_up(checks, monkeypatch):
    class Never:
        async def read(self, _limit):
            await asyncio.Event().wait()

    monkeypatch.setattr(presented, "BODY_DEADLINE_S", 0.02)
    assert await checks.ask("/form/x", URLENCODED, body=Never()) == "ambiguous_request"


async def test_no_refusal_logs_a_token_from_a_url_or_a_form(checks, token):
    secret = token[16:]
    with structlog.testing.capture_logs() as logs:
        await checks.ask(f"/url/x?auth_token={token}&auth_token={token}")
        await checks.ask(f"/nowhere/x?auth_token={token}", dialect="nginx")
        await checks.ask(f"/nowhere/{token}")
        await checks.ask(f"/nowhere/x;auth_token={token}")
        await checks.ask(f"/nowhere/x%3Fauth_token={token}")
        await checks.ask("/form/x", URLENCODED, body=Given(f"auth_token={token}&auth_token={token}".encode()))
    assert len(logs) == 6
    assert secret not in json.dumps(logs)


def test_a_logged_path_keeps_what_an_operator_needs():
    assert redacted("/a/tgp_0123456789a_SECRETSECRET/b") == "/a/tgp_0123456789a_***/b"
    assert redacted("/a;sid=1/b%3fx=1") == "/a;***/b%3f***"
    assert redacted("/a/b.c") == "/a/b.c"
    assert redacted("/a/tgp%5F0123456789a%5fSECRETSECRET/b") == "/a/tgp%5F0123456789a%5f***/b"
    assert redacted("/a/tgp%255F0123456789a%25255fSECRETSECRET") == "/a/tgp%5F0123456789a%5f***"
    assert "SECRET" not in redacted("/tgp_01234567_SECRETSECRET")
    assert redacted("/a/100%25/tip_top_short/b_c_d") == "/a/100%25/tip_top_short/b_c_d"


def test_looking_for_tokens_in_a_path_is_linear():  # a path may have 16 kB, and each refusal logs one
    for piece in ("%25", "%2525", "%5F", "a_", "%255F", "aaa_a_", "a", "_", "tgp_a%5F", "1-1-", "%25a"):
        before = time.thread_time()
        redacted("/" + piece * (16_000 // len(piece)) + "!")
        assert time.thread_time() - before < 0.1, piece


class Listening:
    """The same service behind a real socket."""

    def __init__(self, checks) -> None:
        trust = Trust(Networks.of(["127.0.0.1/32"]), unix=True)
        self.server = CheckListener(checks.service, DIALECTS, trust=trust, untrusted=lambda _: None)

    async def __aenter__(self):
        self.listening = await asyncio.get_running_loop().create_server(self.server, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_):
        self.listening.close()
        await self.server.shutdown(1)

    async def post(self, uri: str, framing: bytes, sent: bytes, *more: bytes) -> bytes:
        """Send a check with a body, then read until the other end closes."""
        head = [
            b"GET /check/traefik HTTP/1.1",
            b"Host: gw",
            b"X-Forwarded-Method: POST",
            b"X-Forwarded-Uri: " + uri.encode(),
            b"X-Forwarded-Host: app.example.org",
            b"X-Forwarded-For: 10.1.2.3",
            b": ".join(URLENCODED),
            *more,
            framing,
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.listening.sockets[0].getsockname()[1])
        writer.write(b"\r\n".join(head) + b"\r\n\r\n" + sent)
        got = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        return got


async def test_a_form_is_read_off_the_wire_and_the_connection_closed_behind_it(checks, token):
    form = f"auth_token={token}".encode()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(form), form)
    async with Listening(checks) as listening:
        for framing, sent in ((b"Content-Length: %d" % len(form), form), (b"Transfer-Encoding: chunked", chunked)):
            got = await listening.post("/form/x", framing, sent + b"GET /check/traefik HTTP/1.1\r\nHost: a\r\n\r\n")
            assert got.startswith(b"HTTP/1.1 200 ")
            assert got.count(b"HTTP/1.1 ") == 1
            assert b"connection: close" in got.lower()


@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        pytest.param(b"Content-Length: 70000", b"a" * 70_000, id="too-large"),
        pytest.param(b"Content-Length: 70000", b"auth_token=", id="too-slow"),
        pytest.param(b"Transfer-Encoding: chunked", b"zz\r\n", id="malformed-chunk"),
        pytest.param(b"Transfer-Encoding: chunked", b"5\r\nauth_", id="chunk-cut-off"),
    ],
)
async def test_a_bad_body_on_the_wire_is_a_refusal(checks, monkeypatch, framing, sent):
    monkeypatch.setattr(presented, "BODY_DEADLINE_S", 0.05)
    monkeypatch.setattr(caps, "LINGER_S", 0.05)
    async with Listening(checks) as listening:
        got = await listening.post("/form/x", framing, sent)
        assert got.split(b" ", 2)[1] == b"400"
        assert got.count(b"HTTP/1.") == 1


async def test_a_body_that_nobody_reads_does_not_cost_the_answer(checks, token):
    large = b"a" * 1_000_000
    async with Listening(checks) as listening:
        for uri in ("/form/x", "/plain/x"):
            got = await listening.post(
                uri, b"Content-Length: 1000000", large, b"Authorization: Bearer " + token.encode()
            )
            assert got.startswith(b"HTTP/1.1 200 ")
