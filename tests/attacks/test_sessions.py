"""M05-M18, D10, D17, D22 at the sign-in and behind it: what another site, a guesser, and a signed-in attacker try."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from tests.attacks.corpus import attack
from tests.attacks.portal import HOST, asked

PASSWORD = "a quiet orchard, 7 gates"
ORIGIN = f"https://{HOST}"
SESSION, MINE = "/api/v1/session", "/api/v1/me/sessions"


@pytest.fixture(scope="module")
def people(serving):
    """alice has a password and a session."""
    serving.installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=PASSWORD + "\n")
    return serving


_networks = count(1)


def posted(serving, path, body, method="POST", **headers):
    """One JSON request from the portal's own page, unless the headers say otherwise; each from a network of its own."""
    headers.setdefault("X_Forwarded_For", f"10.77.{next(_networks) // 250}.{next(_networks) % 250}")
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return asked(serving, method, path, body=raw, **{"Content_Type": "application/json", "Origin": ORIGIN, **headers})


def signed_in(serving):
    """The cookie of a new session."""
    status, headers, _ = posted(serving, SESSION, {"login": "alice", "password": PASSWORD})
    assert status == 201
    return headers["set-cookie"].partition(";")[0]


@attack("M05")
def test_the_cookie_of_a_session_is_of_this_host_alone(people):
    for forged in ({}, {"X_Forwarded_Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=http"}):
        status, headers, body = posted(people, SESSION, {"login": "alice", "password": PASSWORD}, **forged)
        assert status == 201
        words = [word.strip().lower() for word in headers["set-cookie"].split(";")]
        assert words[0].startswith("__host-")
        assert {"secure", "httponly", "path=/"} <= set(words)
        assert "samesite=lax" in words or "samesite=strict" in words
        assert not any(word.startswith("domain") for word in words)
        assert "location" not in headers
        assert headers["set-cookie"].partition("=")[2].partition(";")[0].encode() not in body
    for host in ("evil.example", "gateway.example.org.evil", "127.0.0.1"):
        assert posted(people, SESSION, {"login": "alice", "password": PASSWORD}, host=host)[0] in {400, 403, 421}


@attack("M07")
@pytest.mark.parametrize(
    "origin",
    [
        *({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}, {"Origin": "http://" + HOST}),
        *({"Origin": ORIGIN + ".evil"}, {"Origin": ORIGIN + ":444"}, {"Sec_Fetch_Site": "cross-site"}),
        *({"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}),
    ],
    ids=lambda pair: " ".join(map(str, next(iter(pair.items())))),
)
def test_another_site_neither_signs_in_nor_acts_with_a_session(people, origin):
    cookie = signed_in(people)
    login = {"login": "alice", "password": PASSWORD}
    assert posted(people, SESSION, login, **origin)[0] == 403, "login CSRF"
    for method, path in (("DELETE", SESSION), ("DELETE", MINE), ("POST", SESSION + "/proof")):
        status, _, _ = posted(people, path, {"password": PASSWORD}, method, Cookie=cookie, **origin)
        assert status == 403, (method, path)
    assert asked(people, "GET", SESSION, Cookie=cookie)[0] == 200, "the session is still there"


@attack("M07", "D22")
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
)
def test_json_under_the_content_type_of_a_form_is_refused(people, kind):
    body = {"login": "alice", "password": PASSWORD}
    assert posted(people, SESSION, body, Content_Type=kind)[0] == 415


@attack("M07")
def test_nothing_that_is_got_changes_anything(people):
    cookie = signed_in(people)
    for path in (SESSION, MINE, "/api/v1/me", SESSION + "/proof", "/api/v1/me/password"):
        asked(people, "GET", f"{path}?method=DELETE&_method=DELETE", Cookie=cookie)
        asked(people, "HEAD", path, Cookie=cookie, X_HTTP_Method_Override="DELETE")
    assert asked(people, "GET", SESSION, Cookie=cookie)[0] == 200


@attack("M08")
def test_a_method_override_ends_no_session(people):
    cookie = signed_in(people)
    asked(people, "GET", SESSION, Cookie=cookie, X_HTTP_Method_Override="DELETE", Origin=ORIGIN)
    posted(people, MINE, {}, Cookie=cookie, X_HTTP_Method_Override="DELETE")
    assert asked(people, "GET", SESSION, Cookie=cookie)[0] == 200


@attack("M10")
@pytest.mark.parametrize(
    "more",
    [{"is_admin": True}, {"id": 1}, {"created_at": "1970-01-01"}, {"must_change": False}, {"__proto__": {}}, {"": 1}],
)
def test_a_field_that_only_we_may_set_is_refused(people, more):
    status, headers, _ = posted(people, SESSION, {"login": "alice", "password": PASSWORD, **more})
    assert status == 422
    assert "set-cookie" not in headers


ODD_JSON = [
    *(b"[" * 4000, b'{"a":' * 1500, b"1" * 5000, b"NaN", b"{", b"\xff", b'"x"', b"null", b"[]", b"", b"\xef\xbb\xbf{}"),
    *(b'{"login":"alice","login":"bob","password":"x"}', b'{"login":"\\ud800","password":"\\udfff"}'),
    *(b'{"login":1e999,"password":[]}', b'{"login":{"$ne":1},"password":true}', b'{"login":"a\\u0000","password":"x"}'),
]


@attack("D22")
@pytest.mark.parametrize("body", ODD_JSON, ids=range(len(ODD_JSON)))
def test_json_that_is_deep_long_or_says_two_things_is_a_refusal_and_no_fault(people, body):
    before = time.monotonic()
    status, headers, answer = posted(people, SESSION, body)
    assert status in {400, 401, 403, 413, 415, 422}
    assert time.monotonic() - before < 5
    assert "set-cookie" not in headers
    assert json.loads(answer)["status"] == status


@attack("D22", "D11")
@pytest.mark.parametrize("size", [200_000, 5_000_000])
def test_a_body_of_megabytes_is_refused_by_its_length(people, size):
    assert posted(people, SESSION, {"login": "alice", "password": "x" * size})[0] in {400, 413, 422}
    assert posted(people, SESSION, {"login": "x" * size, "password": "x"})[0] in {400, 413, 422}


@attack("M14")
@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=1e9", "offset=abc", "sort=password", "limit=1&limit=2", "cursor=x"]
)
def test_a_page_that_is_none_is_refused(people, query):
    assert asked(people, "GET", f"{MINE}?{query}", Cookie=signed_in(people))[0] == 400


@attack("M14")
@pytest.mark.parametrize("name", ["0", "-1", "..", "%2e%2e", "x" * 5000, "%00", "'; DROP TABLE sessions; --", "\u00e9"])
def test_a_session_that_is_none_or_somebody_elses_is_not_there(people, name):
    cookie = signed_in(people)
    path = f"{MINE}/" + name.replace(" ", "%20").replace("\u00e9", "%C3%A9")
    assert posted(people, path, b"", "DELETE", Cookie=cookie)[0] in {400, 403, 404, 405, 415}
    assert asked(people, "GET", SESSION, Cookie=cookie)[0] == 200


@attack("M18")
def test_the_sign_in_does_not_tell_who_has_an_account(people):
    """Known with a password, known without one, and unknown: one answer, and one hash each."""
    people.installation.ok("user", "add", "bob")
    answers, spent = {}, {"alice": [], "bob": [], "nobody": []}
    for login in 5 * list(spent):
        before = time.monotonic()
        status, headers, body = posted(people, SESSION, {"login": login, "password": "wrong password 12"})
        spent[login].append(time.monotonic() - before)
        answers[login] = (status, body, "set-cookie" in headers)
    assert len(set(answers.values())) == 1, answers
    assert answers["alice"][::2] == (403, False)
    least = {login: min(times) for login, times in spent.items()}
    assert max(least.values()) / min(least.values()) < 4, least


@attack("D10", "D17")
def test_many_sign_ins_at_once_are_shed_and_checks_and_the_holder_stay_unharmed(people):
    """A stranger at the door: whoever holds a token notices nothing, and no account is locked."""
    token = people.installation.token("during the siege")
    guesses = [
        {"login": f"user{number}" if number % 2 else "alice", "password": "wrong password 12"} for number in range(60)
    ]
    with ThreadPoolExecutor(20) as pool:
        here = {"X_Forwarded_For": "192.0.2.66"}
        asked_at_once = [pool.submit(posted, people, SESSION, guess, **here) for guess in guesses]
        checked = [people.ask(token)[0] for _ in range(20)]
        statuses = {one.result()[0] for one in asked_at_once}
    assert statuses <= {403, 429, 503}
    assert 429 in statuses or 503 in statuses
    assert checked == [200] * 20
    assert people.ready() == 200
    assert posted(people, SESSION, {"login": "alice", "password": PASSWORD})[0] == 201, "from elsewhere, she gets in"
