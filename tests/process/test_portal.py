"""What a holder can do at the portal's address with nothing but the token: ask what it is, and end it."""

import contextlib
import http.client
import json
import socket
import time
from urllib.parse import urlencode

import pytest

from tests.installation import an_installation, handle
from tests.process.serving import Serving

HOST = "gateway.example.org"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One for all tests that leave it as it was."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("portal") / "gw"))
    made.start()
    yield made
    made.stop()


def ask(serving, method, path, *, body=None, host=HOST, **headers):
    """One request; status, headers in lower case, and the JSON in the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.portal, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        for one in [host] if isinstance(host, str) else host:
            connection.putheader("Host", one)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        read = answer.read()
        return answer.status, {key.lower(): value for key, value in answer.getheaders()}, json.loads(read)
    finally:
        connection.close()


def revoke(serving, token, **over):
    body = urlencode({"token": token}).encode()
    return ask(serving, "POST", "/api/v1/token/revoke", **({"body": body, "Content_Type": FORM} | over))


def test_a_token_can_ask_what_it_is_and_that_is_no_use_of_it(serving):
    token = serving.installation.token("ci", "alice", "rest", "write")
    status, headers, found = ask(serving, "GET", "/api/v1/token", Authorization=f"Bearer {token}")
    assert status == 200
    assert (found["token"], found["owner"], found["name"]) == (handle(token), "alice", "ci")
    assert found["scopes"] == ["rest", "write"]
    assert token not in json.dumps(found)
    assert headers["cache-control"] == "no-store"
    assert "set-cookie" not in headers
    serving.stop()
    assert serving.installation.rows("SELECT total FROM usage") == [(0,)]


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer"}])
def test_a_stranger_learns_nothing(shared, header):
    status, headers, found = ask(shared, "GET", "/api/v1/token", **header)
    assert (status, found["status"]) == (401, 401)
    assert headers["content-type"].startswith("application/problem+json")
    assert headers["www-authenticate"].startswith("Bearer")


def test_whoever_finds_a_token_can_end_it_and_it_is_dead_when_the_answer_comes(serving):
    token, other = serving.installation.token("leaked"), serving.installation.token("other")
    assert serving.ask(token)[0] == 200
    assert revoke(serving, token)[::2] == (200, {})
    assert serving.ask(token)[0] == 401
    assert serving.ask(other)[0] == 200
    assert ask(serving, "GET", "/api/v1/token", Authorization=f"Bearer {token}")[0] == 401
    assert (f"token:{handle(token)}",) in serving.installation.rows("SELECT actor FROM audit")


def test_a_revocation_says_the_same_of_a_token_and_of_nonsense(serving):
    token = serving.installation.token()
    revoke(serving, token)
    for text in (token, "nonsense", token[:-1], "\xff", "x" * 2000):
        assert revoke(serving, text)[::2] == (200, {})


def test_a_token_with_the_line_end_of_its_file_is_ended_too(serving):
    token = serving.installation.token()
    assert revoke(serving, token + "\n")[0] == 200
    assert serving.ask(token)[0] == 401


def test_a_token_answers_only_in_its_networks(serving):
    made = serving.installation.ok(
        "token", "create", "--user", "alice", "--name", "inside", "--scope", "rest", "--network", "10.0.0.0/8"
    )
    bearer = {"Authorization": f"Bearer {made.out.strip()}"}
    assert ask(serving, "GET", "/api/v1/token", X_Forwarded_For="10.1.2.3", **bearer)[0] == 200
    status, _, found = ask(serving, "GET", "/api/v1/token", X_Forwarded_For="192.0.2.7", **bearer)
    assert (status, found["code"]) == (403, "network")
    assert "owner" not in found


def test_a_body_that_does_not_come_is_not_waited_for_and_does_not_hold_up_the_end(serving):
    with socket.create_connection(("127.0.0.1", serving.portal), timeout=10) as client:
        lines = (
            f"POST /api/v1/token/revoke HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: {FORM}\r\nContent-Length: 9\r\n\r\n"
        )
        client.sendall(lines.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 408 ")
    with socket.create_connection(("127.0.0.1", serving.portal), timeout=10) as client:
        client.sendall(lines.encode())
        started = time.monotonic()
        assert serving.stop() == 0
        assert time.monotonic() - started < 12


def test_an_old_secret_does_not_end_the_token_that_lives_on(serving):
    old = serving.installation.token()
    fresh = serving.installation.ok("token", "rotate", handle(old)).out.strip()
    assert revoke(serving, old)[0] == 200
    assert serving.ask(fresh)[0] == 200


@pytest.mark.parametrize(
    ("over", "status"),
    [
        pytest.param({"body": b"", "Content_Type": FORM}, 400, id="no-field"),
        pytest.param({"body": b"token=", "Content_Type": FORM}, 400, id="empty"),
        pytest.param({"body": b"token=a&token=b", "Content_Type": FORM}, 400, id="twice"),
        pytest.param({"body": b"token=%FF", "Content_Type": FORM}, 400, id="not-utf8"),
        pytest.param({"body": b"token=\xff", "Content_Type": FORM}, 400, id="raw-bytes"),
        pytest.param({"body": b"token=a", "Content_Type": f"{FORM}; charset=foo"}, 200, id="charset-is-not-obeyed"),
        pytest.param({"body": b"token=+2AA-", "Content_Type": f"{FORM}; charset=utf-7"}, 200, id="utf-7"),
        pytest.param({"body": b"\x1f\x8b", "Content_Type": FORM, "Content_Encoding": "gzip"}, 415, id="D21-gzip"),
        pytest.param({"body": b"&".join([b"token=a"] + [b"a=b"] * 50), "Content_Type": FORM}, 400, id="D23-many"),
        pytest.param({"body": b'{"token": "a"}', "Content_Type": "application/json"}, 415, id="json"),
        pytest.param({"body": b"token=a", "Content_Type": "text/plain"}, 415, id="M07-text-plain"),
        pytest.param({"body": b"token=" + b"a" * 20_000, "Content_Type": FORM}, 413, id="too-large"),
    ],
)
def test_a_revocation_that_is_none_is_refused(shared, over, status):
    answered, _, found = revoke(shared, "", **over)
    assert (answered, found.get("status", 200)) == (status, status)
    assert "request failed" not in shared.events()


@pytest.mark.parametrize("host", ["evil.example", "gateway.example.org.evil.example", f"{HOST}:9190", "127.0.0.1"])
def test_another_host_finds_nobody_at_home(shared, host):  # M20
    assert ask(shared, "GET", "/api/v1/token", host=host)[0] == 421


@pytest.mark.parametrize(("path", "status"), [("/", 303), ("/check/traefik", 404), ("/metrics", 404)])
def test_people_who_ask_for_something_else_get_a_page_and_no_check_or_metric(shared, path, status):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", shared.portal, timeout=10)) as connection:
        connection.request("GET", path, headers={"Host": HOST})
        answer = connection.getresponse()
        assert answer.status == status
        assert answer.getheader("Cache-Control") == "no-store"
        assert b"token_gateway_" not in answer.read()


@pytest.mark.parametrize("listener", ["portal", "ops"])
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET /api/v1/token HTTP/1.1\r\n", id="no-host"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nHost: SECRETCANARY\r\n", id="two-hosts"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer SECRETCANARY\x00\r\n", id="nul"),
        pytest.param(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"SECRETCANARY" * 2000 + b"\r\n", id="long"),
        pytest.param(b"SECRETCANARY / HTTP/1.1\r\nHost: a\r\n", id="method"),
    ],
)
def test_a_malformed_head_is_refused_without_a_byte_of_it_in_answer_or_log(shared, listener, head):
    with socket.create_connection(("127.0.0.1", getattr(shared, listener)), timeout=5) as client:
        client.sendall(head + b"\r\n")
        answer = client.recv(65536)
    assert answer.split()[1].startswith(b"4")
    assert b"SECRETCANARY" not in answer + shared.log.read_bytes()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/check/traefik", 404),
        ("GET", "/api/v1/token/revoke", 405),
        ("DELETE", "/api/v1/token", 405),
        ("OPTIONS", "/api/v1/token", 405),
    ],
)
def test_whatever_else_is_asked_is_a_problem(shared, method, path, status):
    answered, headers, found = ask(shared, method, path, Origin="https://evil.example")
    assert (answered, found["status"]) == (status, status)
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("listener", ["portal", "ops"])
@pytest.mark.parametrize(
    "head",
    [
        b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: gateway.example.org\r\nConnection: close\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: gateway.example.org\r\nConnection: close\r\nExpect: the-unexpected\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 20_000 + b"\r\n\r\n",
        b"OPTIONS * HTTP/1.0\r\n\r\n",
    ],
    ids=lambda head: head[:24].decode(),
)
def test_no_answer_says_which_versions_run_here(shared, listener, head):
    with socket.create_connection(("127.0.0.1", getattr(shared, listener)), timeout=10) as asked:
        asked.sendall(head)
        answer = b""
        while part := asked.recv(65536):
            answer += part
    headers, _, _ = answer.partition(b"\r\n\r\n")
    assert headers.startswith(b"HTTP/1."), answer
    assert headers.lower().count(b"\r\nserver: ") == 1
    assert b"\r\nServer: token-gateway" in headers
    assert b"aiohttp" not in answer.lower()
