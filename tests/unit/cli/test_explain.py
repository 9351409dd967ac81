"""`explain`: the walk, the deciding route with its line, what would have to change; exit 0 passes, 1 is refused."""

import base64
from pathlib import Path

import pytest

from gateway.auth.explain import REMEDY
from gateway.core.reason import OUTSIDE, Reason
from tests.installation import handle

API = "https://app.example.org/api/items"
# A check knows these, a walk does not: no proxy asks, and a walk counts no failures.
ELSEWHERE = {Reason.BAD_FACTS, Reason.UNTRUSTED_PEER, Reason.LIMITED, Reason.INTERNAL_ERROR}


@pytest.fixture
def token_file(installed, tmp_path):
    """A file with a token of alice's that has scope rest."""
    file = tmp_path / "token"
    file.write_text(installed.token() + "\n", "utf-8")
    return str(file)


def line_of(installed, name):
    lines = installed.config.read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if f"name: {name}," in line)


def test_a_request_that_passes_shows_the_walk_and_the_identity_and_exits_0(installed, token_file):
    ran = installed.run("explain", "GET", API, "--token-file", token_file)
    assert ran.code == 0
    assert "allow (token)" in ran.out
    assert f"read ({installed.config}:{line_of(installed, 'read')})" in ran.out
    assert "X-Auth-User    alice" in ran.out
    assert "public (line" in ran.out  # passed over, with the reason
    assert "own (line" not in ran.out  # of another host


def test_a_refusal_says_what_would_have_to_change_and_exits_1(installed, token_file):
    ran = installed.run("explain", "POST", API, "--token-file", token_file)
    assert ran.code == 1
    assert "403 insufficient_scope" in ran.out
    assert "the token has rest; the route asks for all of rest, write" in ran.out
    assert REMEDY[Reason.INSUFFICIENT_SCOPE] in ran.out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("GET", "https://app.example.org/public/x"), "public"),
        (("GET", "http://APP.example.org:80/public/x?a=b"), "public"),
        (("GET", "https://app.example.org/closed/x"), "route_denies"),
        (("GET", "https://app.example.org/nowhere"), "no_route"),
        (("GET", "https://other.example.org"), "no_route"),
        (("GET", "https://app.example.org/public/../api/x"), "ambiguous_request"),
        (("GET", "https://app.example.org/public/%2e%2e/api"), "ambiguous_request"),
        (("get", "https://app.example.org/public/x"), "ambiguous_request"),
        (("GET", "https://app.exa mple.org/public/x"), "ambiguous_request"),
        (("GET", API), "no_credential"),
        (("GET", API, "--token-file", "-"), "malformed_token"),
        (("GET", "https://app.example.org/machine", "--token-id", "TOKEN"), "kind"),
        (("GET", "https://app.example.org/inside", "--token-id", "TOKEN"), "no_address"),
        (("GET", "https://app.example.org/inside", "--token-id", "TOKEN", "--ip", "192.0.2.7"), "network"),
        (("GET", "https://app.example.org/inside", "--token-id", "TOKEN", "--ip", "10.1.2.3"), "token"),
        (("GET", "https://dav.example.org/alice/x", "--token-id", "TOKEN"), "token"),
        (("GET", "https://dav.example.org/bob/x", "--token-id", "TOKEN"), "login"),
    ],
)
def test_each_end_of_the_walk_has_its_reason(installed, words, reason):
    known = handle(installed.token())
    words = [known if word == "TOKEN" else word for word in words]
    said = installed.run("explain", *words, "--json", stdin="garbage")
    document = said.json
    assert document["reason"] == reason
    assert said.code == (0 if document["decision"] == "allow" else 1)
    if document["decision"] != "allow":
        assert [step["broken"] for step in document["steps"]].count(reason) == 1
        assert document["remedy"] == REMEDY[Reason(reason)]
        assert document["status"] == OUTSIDE[Reason(reason)].status


def test_every_reason_that_a_walk_can_end_with_has_a_remedy():
    refusals = {reason for reason in Reason if OUTSIDE[reason].status != 200}
    assert set(REMEDY) == refusals - ELSEWHERE


def test_the_state_of_token_and_owner_counts(installed, token_file):
    token = handle(Path(token_file).read_text("utf-8"))
    installed.ok("user", "disable", "alice")
    assert installed.run("explain", "GET", API, "--token-file", token_file, "--json").json["reason"] == "owner_disabled"
    installed.ok("user", "enable", "alice")
    installed.ok("token", "rotate", token)
    assert installed.run("explain", "GET", API, "--token-file", token_file, "--json").json["reason"] == "stale_secret"
    assert installed.run("explain", "GET", API, "--token-id", token, "--json").json["reason"] == "token"
    installed.ok("token", "revoke", token)
    revoked = installed.run("explain", "GET", API, "--token-id", token, "--json").json
    assert (revoked["reason"], revoked["told_outside"]) == ("revoked", "revoked")


def test_a_basic_user_is_judged_as_in_a_check(installed, token_file):
    words = ("explain", "GET", API, "--token-file", token_file, "--json", "--basic-user")
    assert installed.run(*words, "Alice").json["decision"] == "allow"
    assert installed.run(*words, "bob").json["reason"] == "basic_user"


def test_the_token_is_not_in_the_answer_and_counts_no_use(installed, token_file):
    secret = Path(token_file).read_text("utf-8").strip().rpartition("_")[2]
    for more in ((), ("--json",)):
        ran = installed.run("explain", "GET", API, "--token-file", token_file, *more)
        assert secret not in ran.out + ran.err
        assert base64.b64encode(secret.encode()).decode() not in ran.out + ran.err
    assert installed.rows("SELECT total FROM usage") == [(0,)]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("GET", "app.example.org/x"), 2),
        (("GET", "ftp://app.example.org/x"), 2),
        (("GET", API, "--token-id", "tgp_00000000000"), 3),
        (("GET", API, "--token-file", "/nowhere/token"), 2),
        (("GET", API, "--token-file", "-", "--token-id", "tgp_00000000000"), 2),
    ],
)
def test_a_question_that_cannot_be_asked_is_one_line(installed, words, code):
    ran = installed.run("explain", *words)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (code, "", 1)


def test_a_token_sent_where_the_route_does_not_look_is_no_credential(installed, token_file):
    asked = ("explain", "GET", API, "--token-file", token_file, "--json")
    assert installed.run(*asked, "--as", "bearer").json["decision"] == "allow"
    refused = installed.run(*asked, "--as", "header:X-API-Key")
    assert (refused.code, refused.json["reason"]) == (1, "no_credential")


def test_a_way_to_send_a_token_that_is_none_is_refused(installed, token_file):
    ran = installed.run("explain", "GET", API, "--token-file", token_file, "--as", "cookie")
    assert ran.code == 2
    assert "bearer, token, basic or header:NAME" in ran.err


def test_a_routes_rate_is_told_and_how_often_it_was_used_is_left_to_the_workers(installed, token_file):
    text = installed.config.read_text("utf-8")
    installed.config.write_text(text.replace("name: read,", "name: read, rate: 10/s burst 50,"), "utf-8")
    ran = installed.run("explain", "GET", API, "--token-file", token_file, "--json")
    assert ran.code == 0
    (step,) = [step for step in ran.json["steps"] if step["step"] == "rate"]
    assert step["words"].startswith("10/s burst 50 for one token;")
