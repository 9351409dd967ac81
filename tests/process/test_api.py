"""The API of a serving process: by a token, only with the scope for it, and with every rule that a check asks."""

import contextlib
import http.client
import json
import socket
import sqlite3
import time
from urllib.parse import urlsplit

import pytest

from tests.installation import CONFIG, an_installation, handle
from tests.process.serving import Serving

HOST = "gateway.example.org"
GOOD = "copper lantern zebra kiosk"
SETTINGS = CONFIG.replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")


@pytest.fixture(scope="module")
def serving(template, tmp_path_factory):
    """One process for all; `boss` has a password."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("api") / "gw"))
    made.installation.config.write_text(made.base().replace(CONFIG, SETTINGS), "utf-8")
    made.installation.ok("user", "add", "boss", "--group", "admins")
    made.installation.ok("user", "passwd", "boss", "--stdin", "--no-must-change", stdin=GOOD)
    made.start()
    yield made
    made.stop()


def ask(serving, method, path, *, body=None, host=HOST, **headers):
    """One request; status, headers in lower case, and the JSON in the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.portal, timeout=10)
    try:
        sent = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=sent)
        answer = connection.getresponse()
        read = answer.read()
        found = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, found, json.loads(read) if read else None
    finally:
        connection.close()


def bearer(serving, name, *words, user="alice"):
    """A token, as the header that presents it."""
    made = serving.installation.ok("token", "create", "--user", user, "--name", name, *words)
    return {"Authorization": f"Bearer {made.out.strip()}"}


def test_a_token_with_the_scope_for_it_acts_in_the_gateway_itself(serving):
    sent = bearer(serving, "script", "--scope", "gateway", "--scope", "rest")
    status, headers, me = ask(serving, "GET", "/api/v1/me", **sent)
    assert (status, me["login"], me["how"], me["scopes"]) == (200, "alice", "token", ["gateway", "rest"])
    assert me["token"] == handle(sent["Authorization"].removeprefix("Bearer "))
    assert "any_tokens" in me["permissions"]
    assert headers["etag"].startswith('"v')
    status, _, found = ask(serving, "GET", "/api/v1/me/sessions", **sent)
    assert (status, found["code"]) == (403, "needs_session")  # R28: no session grows out of a token


def test_without_the_scope_it_does_nothing_there_but_know_itself(serving):
    sent = bearer(serving, "plain", "--scope", "rest")
    status, _, found = ask(serving, "GET", "/api/v1/me", **sent)
    assert (status, found["code"]) == (403, "gateway_scope")
    assert ask(serving, "GET", "/api/v1/token", **sent)[0] == 200


def test_a_token_acts_only_where_it_may_be_used(serving):
    inside = bearer(serving, "inside", "--scope", "gateway", "--network", "10.0.0.0/8")
    assert ask(serving, "GET", "/api/v1/me", X_Forwarded_For="10.1.2.3", **inside)[0] == 200
    status, _, found = ask(serving, "GET", "/api/v1/me", X_Forwarded_For="192.0.2.7", **inside)
    assert (status, found["code"]) == (403, "network")
    elsewhere = bearer(serving, "elsewhere", "--scope", "gateway", "--host", "app.example.org")
    status, _, found = ask(serving, "GET", "/api/v1/me", **elsewhere)
    assert (status, found["code"]) == (403, "host")
    here = bearer(serving, "here", "--scope", "gateway", "--host", "gateway.example.org")
    assert ask(serving, "GET", "/api/v1/me", **here)[0] == 200


def test_a_token_that_ended_is_told_why_and_a_wrong_one_is_not(serving):
    sent = bearer(serving, "short", "--scope", "gateway")
    serving.installation.ok("token", "suspend", handle(sent["Authorization"].removeprefix("Bearer ")))
    status, headers, found = ask(serving, "GET", "/api/v1/me", **sent)
    assert (status, found["code"]) == (401, "suspended")
    assert headers["www-authenticate"] == 'Bearer realm="Token Gateway", error="invalid_token"'
    wrong = {"Authorization": sent["Authorization"][:-1] + "x"}
    status, _, found = ask(serving, "GET", "/api/v1/me", **wrong)
    assert (status, found["code"]) == (401, "invalid_token")
    for other in ("Basic YTpi", "Digest x", "Bearer"):
        status, _, found = ask(serving, "GET", "/api/v1/me", Authorization=other)
        assert (status, found["code"]) in {(401, "no_credential"), (401, "invalid_token")}


def test_acting_is_a_use_counted_and_the_first_of_a_new_secret(serving):
    sent = bearer(serving, "used", "--scope", "gateway", "--scope", "rest")
    old = sent["Authorization"].removeprefix("Bearer ")
    new = serving.installation.ok("token", "rotate", handle(old), "--until-used").out.strip()
    assert ask(serving, "GET", "/api/v1/token", Authorization=f"Bearer {new}")[0] == 200  # no use
    assert serving.ask(old)[0] == 200
    assert ask(serving, "GET", "/api/v1/me", Authorization=f"Bearer {new}")[0] == 200
    assert serving.ask(old)[0] == 401
    token_id = handle(old).partition("_")[2]
    for _ in range(150):
        if serving.installation.rows(f"SELECT total FROM usage WHERE token_id = '{token_id}'") == [(2,)]:
            break
        time.sleep(0.1)
    else:
        raise AssertionError("the use was not counted")


def test_an_idle_token_has_ended_for_good_when_it_asks(serving):
    sent = bearer(serving, "idle", "--scope", "gateway", "--idle", "1d")
    token_id = handle(sent["Authorization"].removeprefix("Bearer ")).partition("_")[2]
    with contextlib.closing(sqlite3.connect(serving.installation.database, timeout=10)) as connection, connection:
        changed = "UPDATE tokens SET created_at = created_at - 200000000000 WHERE id = ?"
        assert connection.execute(changed, (token_id,)).rowcount == 1
    status, _, found = ask(serving, "GET", "/api/v1/me", **sent)
    assert (status, found["code"]) == (401, "idle")
    ended = serving.installation.rows(f"SELECT idled_at FROM tokens WHERE id = '{token_id}'")
    assert ended != [(None,)]


def test_a_person_signs_in_and_a_disabled_one_is_out_at_once(serving):
    origin = {"Origin": f"https://{HOST}"}
    status, headers, _ = ask(serving, "POST", "/api/v1/session", body={"login": "boss", "password": GOOD}, **origin)
    assert status == 201
    cookie = {"Cookie": headers["set-cookie"].partition(";")[0]}
    assert ask(serving, "GET", "/api/v1/me", **cookie)[2]["login"] == "boss"
    secret = cookie["Cookie"].partition("=")[2]
    assert secret.encode() not in serving.installation.on_disk() + serving.log.read_bytes()
    assert GOOD.encode() not in serving.installation.on_disk() + serving.log.read_bytes()
    serving.installation.ok("user", "disable", "boss")
    status, _, found = ask(serving, "GET", "/api/v1/me", **cookie)
    assert (status, found["code"]) == (401, "session_ended")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"DELETE /api/v1/me/sessions/\xff", id="bytes-that-are-no-text"),
        pytest.param("DELETE /api/v1/me/sessions/é".encode(), id="letters-not-encoded"),
        pytest.param(b"DELETE /api/v1/me/sessions/%ed%a0%80", id="half-a-surrogate-pair"),
        pytest.param(b"DELETE /api/v1/me/sessions/%00", id="nul"),
        pytest.param(b"DELETE /api/v1/me/sessions/%2f..%2f", id="slashes"),
        pytest.param(b"GET /api/v1/me?\xff=\xff", id="query"),
        pytest.param(b"GET http://other.example/api/v1/me", id="absolute"),
        pytest.param(b"GET //api/v1/me", id="two-slashes"),
        pytest.param(b"GET /api/v1/./me", id="dots"),
        pytest.param(b"GET /api/v1/me/", id="slash-at-the-end"),
        pytest.param(b"OPTIONS *", id="asterisk"),
        pytest.param(b"GET /api/v1/me#x", id="fragment"),
    ],
)
@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"", id="plain"),
        pytest.param(b"Cookie: __Host-token-gateway=\xff\xfe", id="cookie"),
        pytest.param(b"Authorization: Bearer \xff\xfe", id="bearer"),
        pytest.param(b"X-Forwarded-For: \xff, 1.2.3", id="forwarded"),
        pytest.param(b"Content-Type: ;;=\xff; charset=\xff", id="type"),
        pytest.param(b"If-Match: \xff\r\nIdempotency-Key: \xff\r\nOrigin: \xff\r\nUser-Agent: \xff", id="others"),
    ],
)
def test_no_bytes_end_in_a_fault_of_the_gateway(serving, line, head):
    origin = f"Host: {HOST}\r\nOrigin: https://{HOST}\r\nConnection: close\r\n".encode()
    with socket.create_connection(("127.0.0.1", serving.portal), timeout=10) as client:
        client.sendall(line + b" HTTP/1.1\r\n" + origin + (head + b"\r\n" if head else b"") + b"\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.split()[1][:1] == b"4", answer
    assert "request failed" not in serving.events()


def test_the_document_is_served_to_anybody_and_leads_to_what_is_there(serving):
    status, headers, found = ask(serving, "GET", "/api/v1/openapi.json")
    assert (status, found["openapi"]) == (200, "3.1.0")
    assert headers["cache-control"] == "no-store"
    for path, methods in found["paths"].items():
        for method in methods:
            answered = ask(serving, method.upper(), urlsplit(path).path.replace("{id}", "x"))[0]
            assert str(answered) in methods[method]["responses"], (method, path)
