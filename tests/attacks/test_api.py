"""M, D21-D23: the REST API, the ops listener and the check listener as somebody finds them who is not asked in."""

import json

import pytest

from gateway.core.naming import MAX_NAME, name_flaw
from gateway.web.check import refusal
from tests.attacks.corpus import attack
from tests.attacks.gate import EVERY_DIALECT, bearer
from tests.attacks.portal import HOST, asked

FORM = "application/x-www-form-urlencoded"
REVOKE = "/api/v1/token/revoke"


@pytest.fixture(scope="module")
def token(serving):
    """A token of alice, which no attack here ends."""
    made = serving.installation.token()
    yield made
    assert serving.ask(made)[0] == 200, "some attack ended the token"


def revoked(serving, body, **headers):
    return asked(serving, "POST", REVOKE, body=body, **{"Content_Type": FORM, **headers})


@attack("D21")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity", "x, gzip"])
def test_a_compressed_body_is_refused_and_never_unpacked(serving, token, encoding):
    assert revoked(serving, b"\x1f\x8b" + b"\0" * 4000, Content_Encoding=encoding)[0] in {400, 415}


@attack("D22", "M07")
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 6000,
        b'{"a":' * 1500,
        b"1" * 8000,
        b'{"token":1,"token":2}',
        b"NaN",
        b'{"token":"\\ud800"}',
        b"{",
        b"\xff",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "application/x-www-form-urlencoded; charset=x"])
def test_json_of_any_shape_breaks_nothing(serving, body, kind):
    status, _, answer = revoked(serving, body, Content_Type=kind)
    assert status in {400, 413, 415}
    assert json.loads(answer)["status"] == status


@attack("D22")
def test_a_body_of_megabytes_is_refused_before_it_is_read(serving):
    status, _, _ = revoked(serving, b"token=" + b"x" * 2_000_000)
    assert status in {400, 413}


@attack("D23")
def test_a_form_of_ten_thousand_fields_is_refused(serving, token):
    assert revoked(serving, b"&".join(b"f%d=1" % number for number in range(1200)))[0] == 400
    assert revoked(serving, b"a=1&" * 10_000 + b"token=" + token.encode())[0] in {400, 413}
    assert revoked(serving, b"token=x&token=" + token.encode())[0] == 400


@attack("M01", "M12")
@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "{{7*7}}",
        "javascript:alert(1)",
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_name_that_is_markup_stays_text_in_json_that_no_browser_takes_for_a_page(serving, name):
    presented = serving.installation.token(name)
    status, headers, body = asked(serving, "GET", "/api/v1/token", Authorization=f"Bearer {presented}")
    assert (status, json.loads(body)["name"]) == (200, name)
    assert headers["content-type"].startswith("application/json")
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


@attack("M12", "M01")
@pytest.mark.parametrize(
    "name", ["", "x" * 1_000_000, "a\0b", "a\ud800b", "a\u202eb", "a\u200bb", "a\nb", " a", "x" * 101]
)
def test_a_name_that_tables_and_terminals_choke_on_is_refused_when_a_token_is_made(installation, name):
    assert name_flaw(name) is not None
    assert MAX_NAME <= 100
    if len(name) < 1000 and "\ud800" not in name and "\0" not in name:
        done = installation.run("token", "create", "--user", "alice", "--name", name)
        assert done.code == 2
        assert installation.rows("SELECT count(*) FROM tokens") == [(0,)]


MARKUP = b'/api/"><svg onload=alert(1)>'


@attack("M02")
@pytest.mark.parametrize("dialect", EVERY_DIALECT)
@pytest.mark.parametrize("code", sorted(refusal._WORDS))
async def test_a_refusal_page_repeats_nothing_of_the_request(gate, dialect, code):
    if code == "no_credential":
        headers = (
            (b"Accept", b"text/html"),
            (b"Referer", MARKUP),
            (b"User-Agent", MARKUP),
            (b"X-Forwarded-Proto", MARKUP),
        )
        for path in (b"/api/%22%3E%3Csvg%20onload=alert(1)%3E?rd=" + MARKUP, MARKUP, b"/api/x#" + MARKUP):
            answered = await gate.check(path, *headers, dialect=dialect)
            assert answered.status in {400, 401, 403}
            assert b"onload" not in answered.body
            assert answered.all("x-content-type-options") == [b"nosniff"]
            assert all(b"onload" not in value for _, value in answered.headers)
    page = refusal.page(401, code, "<script>alert(1)</script>")
    assert b"<script" not in page


@attack("M04")
@pytest.mark.parametrize(
    "rd", ["https://evil.example", "//evil.example", "/\\evil.example", "/logout", "/" + "x" * 7000]
)
async def test_no_answer_sends_anybody_anywhere(gate, serving, rd):
    for name in (b"X-Auth-Request-Redirect", b"X-Original-URL", b"Referer"):
        answered = await gate.check(b"/api/x?rd=" + rd.encode(), (name, rd.encode()), (b"Accept", b"text/html"))
        assert answered.status >= 400
        assert answered.all("location") == []
    for path in (f"/?rd={rd}", f"/api/v1/token?rd={rd}", f"/login?next={rd}"):
        status, headers, _ = asked(serving, "GET", path.replace("\\", "%5c"))
        assert status in {303, 400, 401, 404}
        where = headers.get("location", "/sign-in")
        assert where.partition("?")[0] == "/sign-in", "nowhere but to the portal's own page"


@attack("M05", "M20")
@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "localhost", "", "gateway.example.org.evil", "gateway.example.org:1", "GATEWAY"],
)
def test_under_another_name_nobody_is_at_home(serving, token, host):
    """DNS rebinding: a page of the attacker's own name that resolves to this address."""
    for forwarded in ({}, {"X_Forwarded_Host": HOST}, {"X_Host": HOST}, {"Forwarded": f"host={HOST}"}):
        status, headers, body = asked(
            serving, "GET", "/api/v1/token", host=host, Authorization=f"Bearer {token}", **forwarded
        )
        assert status in {400, 421}
        assert b"alice" not in body
        assert "set-cookie" not in headers


@attack("M05")
def test_a_forged_host_comes_back_in_no_answer(serving, token):
    for name in ("X_Forwarded_Host", "X_Forwarded_Server", "X_Original_Host", "Forwarded"):
        _, headers, body = asked(serving, "GET", "/api/v1/token", **{name: "evil.example"})
        assert b"evil" not in body
        assert "evil" not in json.dumps(headers)


@attack("M07", "M16")
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "", "https://gateway.example.org.evil"])
def test_another_site_can_neither_read_nor_use_what_a_browser_holds(serving, token, origin):
    """Nothing that a browser sends by itself is a credential: there is no cookie, and no permission across origins."""
    for method in ("GET", "POST", "OPTIONS"):
        for path in ("/api/v1/token", REVOKE, "/"):
            status, headers, _ = asked(
                serving, method, path, Origin=origin, Cookie="session=x", Access_Control_Request_Method="POST"
            )
            assert status >= 400 or (method, path, status) == ("GET", "/", 303), "at most, sign in first"
            assert [name for name in headers if name.startswith("access-control-")] == []
            assert "set-cookie" not in headers


@attack("M07")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "TRACE"])
def test_nothing_but_a_post_ends_a_token(serving, token, method):
    status, _, _ = asked(serving, method, f"{REVOKE}?token={token}")
    assert status in {400, 404, 405, 415}


@attack("M08")
@pytest.mark.parametrize("name", ["X_HTTP_Method_Override", "X_Method_Override", "X_HTTP_Method", "_method"])
def test_a_method_override_is_no_method_at_the_api(serving, token, name):
    headers = {"Authorization": f"Bearer {token}", name: "DELETE"}
    assert asked(serving, "GET", "/api/v1/token", **headers)[0] == 200
    assert asked(serving, "GET", REVOKE, **{name: "POST"})[0] == 405


@attack("M17")
def test_no_answer_for_people_can_stand_in_a_frame(serving, token):
    for path, headers in (
        ("/api/v1/token", {}),
        ("/nothing", {}),
        ("/api/v1/token", {"Authorization": f"Bearer {token}"}),
    ):
        assert "frame-ancestors 'none'" in asked(serving, "GET", path, **headers)[1]["content-security-policy"]
    pages = dict(refusal.HEADERS)
    assert b"frame-ancestors 'none'" in pages[b"Content-Security-Policy"]
    assert b"unsafe-inline" not in pages[b"Content-Security-Policy"]


@attack("M18")
def test_a_revocation_tells_nobody_whether_there_was_such_a_token(serving, token):
    made = serving.installation.token("to end")
    wrong = made[:-12] + "A" * 12
    answers = {value: revoked(serving, b"token=" + value.encode()) for value in ("x", wrong, "tgp_", made)}
    assert {(status, body) for status, _, body in answers.values()} == {(200, b"{}")}
    assert serving.ask(made)[0] == 401


@attack("M18")
async def test_a_disabled_owner_is_told_to_the_holder_alone(gate):
    answered = [await gate.check(b"/api/x", bearer(value)) for value in (b"tgp_x", gate.token()[:-6] + b"000000")]
    assert {one.reason for one in answered} == {"invalid_token"}


@attack("M19")
@pytest.mark.parametrize(
    "path",
    [
        "/static/..%2f..%2fetc/passwd",
        "/static/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/static/",
        "/static/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%5c..%5cetc/passwd",
        "/static//etc/passwd",
        "/api/v1/..%2f..%2f",
    ],
)
def test_no_file_is_served_from_anywhere(serving, path):
    for port in (serving.portal, serving.ops, serving.check):
        status, _, body = asked(serving, "GET", path, port=port)
        assert status in {400, 404}
        assert b"root:" not in body


@attack("M20")
@pytest.mark.parametrize("path", ["/check/traefik", "/metrics", "/health/ready"])
def test_each_listener_answers_its_own_questions_alone(serving, token, path):
    """A page that says 200 where a proxy asks for checks would be an Allow."""
    homes = {"/check/traefik": serving.check, "/metrics": serving.ops, "/health/ready": serving.ops}
    for port in {serving.portal, serving.ops, serving.check} - {homes[path]}:
        assert asked(serving, "GET", path, port=port, Authorization=f"Bearer {token}")[0] == 404
