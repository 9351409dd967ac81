"""R02, R03, R10, R14, R15, R16, R17, R18, R28, R29, R30, R31, R33: a token in use, as clients and apps see it."""

import pytest

from tests.installation import handle
from tests.parity.living import Living, basic, changed_secret, secret_of


@pytest.fixture(scope="module")
def alice(living: Living) -> str:
    return living.user()


@pytest.fixture(scope="module")
def token(living: Living, alice: str) -> str:
    return living.token(alice, "rest")


@pytest.mark.parametrize("user", ["", "__token__", "{login}", "{LOGIN}", "x-access-token", "oauth2"])
def test_r02_a_token_stands_in_for_the_password(user: str, living: Living, alice: str, token: str) -> None:
    name = user.format(login=alice, LOGIN=alice.upper())
    assert living.sent(Authorization=basic(name, token))[0] == 200


@pytest.mark.parametrize(("user", "password"), [("root", "{token}"), ("{login}", "hunter2"), ("{token}", "x")])
def test_r02_another_user_or_a_human_password_is_refused(
    user: str, password: str, living: Living, alice: str, token: str
) -> None:
    value = basic(user.format(login=alice, token=token), password.format(token=token))
    assert living.sent(Authorization=value)[0] == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "token {token}"},
        {"Authorization": "TOKEN {token}"},
        {"Authorization": "Bearer {token}"},
        {"Authorization": "bearer {token}"},
        {"Auth_Token": "{token}"},
        {"auth_token": "{token}"},
    ],
    ids=str,
)
def test_r03_rts_and_itops_headers_carry_a_token(headers: dict[str, str], living: Living, token: str) -> None:
    assert living.sent(**{name: value.format(token=token) for name, value in headers.items()})[0] == 200


def test_r10_the_right_to_have_tokens_is_asked_for_at_every_use(living: Living) -> None:
    login = living.user()
    token = living.token(login, "rest")
    assert living.allows(token)
    living.put_into(login, "rest-users")
    assert living.reason("/api/x", token) == "permission"
    living.put_into(login, "rest-users", "staff")
    assert living.allows(token)


def test_r14_one_of_the_scopes_is_enough_where_any_is_asked_for_and_without_any_a_token_is_of_no_use(
    living: Living, alice: str, token: str
) -> None:
    synchro, both, none = living.token(alice, "synchro"), living.token(alice, "rest", "export"), living.token(alice)
    told = {path: [living.reason(path, one) for one in (token, synchro, both, none)] for path in ("/any", "/all")}
    no = "insufficient_scope"
    assert told == {"/any": ["allowed", "allowed", "allowed", no], "/all": [no, no, "allowed", no]}


def test_r15_personal_tokens_never_open_the_console_and_application_tokens_need_its_scope(
    living: Living, alice: str
) -> None:
    application = living.application()
    assert living.reason("/console/x", living.token(alice, "console", "rest")) == "kind"
    assert living.reason("/console/x", living.token(application, "console")) == "allowed"
    assert living.reason("/console/x", living.token(application, "rest")) == "insufficient_scope"


def test_r16_a_group_is_asked_for_beside_the_scope_and_may_be_waived_for_personal_tokens(
    living: Living, token: str
) -> None:
    member = living.token(living.application("--group", "rest-users"), "rest")
    stranger = living.token(living.application(), "rest")
    told = {path: [living.reason(path, one) for one in (token, stranger, member)] for path in ("/waived", "/members")}
    assert told == {"/waived": ["allowed", "group", "allowed"], "/members": ["group", "group", "allowed"]}


def test_r17_a_disabled_owners_token_is_dead_and_lives_again_with_the_owner(living: Living) -> None:
    login = living.user()
    token = living.token(login, "rest")
    living.run("user", "disable", login)
    assert living.reason("/api/x", token) == "owner_disabled"
    living.run("user", "enable", login)
    assert living.allows(token)


def test_r17_a_token_can_do_no_more_than_its_owner(living: Living) -> None:
    login = living.user("staff", "rest-users")
    token = living.token(login, "rest")
    assert living.allows(token, "/members")
    living.put_into(login, "staff")
    assert living.reason("/members", token) == "group"


def test_r18_an_application_token_acts_as_its_service_account(living: Living) -> None:
    name = living.application(
        *("--title", "Nightly export", "--contact", "ops@example.org"),
        *("--group", "rest-users", "--organisation", "hq", "--organisation", "lab"),
    )
    token = living.token(name, "rest", name="cron on web1")
    _, headers, _ = living.sent("/members", Authorization=f"Bearer {token}")
    assert {field: headers[f"x-auth-{field}"] for field in ("user", "name", "email", "groups", "kind")} == {
        "user": name,
        "name": "Nightly export",
        "email": "ops@example.org",
        "groups": "rest-users",
        "kind": "application",
    }
    assert headers["x-auth-organisations"] == "hq,lab"
    assert (headers["x-auth-token-name"], headers["x-auth-token"]) == ("cron on web1", handle(token))
    living.run("app", "disable", name)
    assert living.reason("/members", token) == "owner_disabled"


def test_r28_no_answer_to_a_check_sets_a_cookie_so_no_session_grows_out_of_a_token(living: Living, token: str) -> None:
    for path, credential in (("/api/x", token), ("/closed", token), ("/console/x", token), ("/api/x", "wrong")):
        for accept in ("*/*", "text/html"):
            _, headers, _ = living.sent(path, Authorization=f"Bearer {credential}", Accept=accept, Cookie="session=1")
            assert "set-cookie" not in headers
            assert headers["cache-control"] == "no-store"


def test_r28_the_cookie_of_an_allowed_request_opens_nothing(living: Living, token: str) -> None:
    assert living.sent(Authorization=f"Bearer {token}", Cookie="session=1")[0] == 200
    assert living.sent(Cookie="session=1")[0] == 401


def test_r29_r30_a_refusal_is_a_true_401_or_403_and_never_a_page_that_says_200(living: Living, token: str) -> None:
    for accept in ("*/*", "text/html", "application/json"):
        status, headers, _ = living.sent(Accept=accept)
        assert status == 401
        assert "Bearer realm=" in headers["www-authenticate"]
        assert ("Basic realm=" in headers["www-authenticate"]) is (accept != "text/html")
        assert living.sent("/closed", Authorization=f"Bearer {token}", Accept=accept)[0] == 403
        assert living.sent("/console/x", Authorization=f"Bearer {token}", Accept=accept)[0] == 403


def test_r29_the_answer_is_opaque_until_the_holder_is_proven(living: Living, alice: str) -> None:
    token = living.token(alice, "rest")
    living.run("token", "revoke", handle(token))
    assert living.reason("/api/x", token) == "revoked"
    assert living.reason("/api/x", changed_secret(token)) == "invalid_token"
    assert living.reason("/api/x", "tgp_nobody") == "invalid_token"


def test_r31_what_was_presented_is_in_no_log(living: Living, alice: str, token: str) -> None:
    wrong = changed_secret(token)
    for value in (f"Bearer {wrong}", basic(alice, wrong), basic(alice, "my-human-password"), f"token {token}x"):
        assert living.sent(Authorization=value)[0] == 401
    assert living.sent(f"/api/x?auth_token={wrong}", Auth_Token=wrong)[0] == 401
    log = living.log.read_text("utf-8")
    assert log.count('"refused"') >= 5
    for hidden in (secret_of(wrong), secret_of(token), "my-human-password"):
        assert hidden not in log
    assert basic(alice, wrong).split()[1] not in log


def test_r33_the_app_is_told_who_it_is_in_headers(living: Living, alice: str, token: str) -> None:
    status, headers, body = living.sent(Authorization=f"Bearer {token}", X_Auth_User="mallory", Remote_User="mallory")
    assert (status, body) == (200, b"")
    assert (headers["x-auth-user"], headers["x-auth-groups"]) == (alice, "staff")
    assert "mallory" not in repr(headers)
    assert token not in repr(headers)
