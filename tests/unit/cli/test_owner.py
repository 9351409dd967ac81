"""`user` and `app`: the same acts on people and on service accounts."""

import pytest

from tests.installation import handle

BOTH = pytest.mark.parametrize("kind", ["user", "app"])


@BOTH
def test_an_owner_is_added_listed_and_shown(installed, kind):
    called, contact = ("--name", "--email") if kind == "user" else ("--title", "--contact")
    words = (called, "Jürgen Müller", contact, "j@example.org", "--group", "staff", "--organisation", "acme")
    installed.ok(kind, "add", "j", *words)
    for text in (installed.ok(kind, "list").out, installed.ok(kind, "show", "j").out):
        for part in ("j", "Jürgen Müller", "j@example.org", "staff", "acme", "enabled"):
            assert part in text
    listed = next(one for one in installed.ok(kind, "list", "--json").json if one["login"] == "j")
    assert listed["groups"] == ["staff"]
    assert listed["kind"] == ("user" if kind == "user" else "application")
    assert installed.ok(kind, "show", "j", "--json").json["tokens"] == []


@BOTH
@pytest.mark.parametrize(
    ("login", "more", "says"),
    [
        ("a b", (), "U+0020"),
        ("a\nX: y", (), "U+000A"),
        ("x" * 65, (), "65 characters"),
        ("bob", ("--group", "stff"), "did you mean staff?"),
        ("bob", ("--group", "everyone"), "reserved"),
        ("bob", ("--organisation", "a,b"), "','"),
        ("ALICE", (), "never given again"),
    ],
)
def test_a_value_that_breaks_a_rule_is_refused_with_its_field(installed, kind, login, more, says):
    ran = installed.run(kind, "add", login, *more)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1


def test_a_bad_name_or_address_is_refused(installed):
    assert "U+202E" in installed.run("user", "add", "bob", "--name", "\u202ebob").err
    assert "e-mail address" in installed.run("user", "add", "bob", "--email", "bob").err


@BOTH
def test_disabling_stops_and_says_when_it_is_effective(installed, kind):
    installed.ok(kind, "add", "bob")
    ran = installed.ok(kind, "disable", "bob", "--json")
    assert (ran.json["enabled"], ran.json["changed"]) == (False, True)
    assert ran.json["effective_after_s"] >= 0.11
    assert "already disabled" in installed.ok(kind, "disable", "bob").err
    assert "disabled" in installed.ok(kind, "list").out
    assert "bob is enabled" in installed.ok(kind, "enable", "bob").err


def test_a_disabled_owner_gets_no_tokens_and_its_tokens_say_so(installed):
    token = installed.token()
    installed.ok("user", "disable", "alice")
    assert "owner disabled" in installed.ok("token", "list").out
    for words in (("create", "--user", "alice", "--name", "x"), ("rotate", handle(token))):
        ran = installed.run("token", *words)
        assert (ran.code, ran.out) == (2, "")
        assert "alice is disabled" in ran.err


def test_only_holders_of_own_tokens_get_personal_tokens(installed):
    installed.ok("user", "add", "guest", "--group", "guests")
    ran = installed.run("token", "create", "--user", "guest", "--name", "x")
    assert (ran.code, ran.out) == (2, "")
    assert "own_tokens is held by staff, admins" in ran.err


@BOTH
def test_deleting_ends_the_tokens_and_keeps_the_name(installed, kind):
    installed.ok(kind, "add", "bob", *(("--group", "staff") if kind == "user" else ()))
    installed.ok("token", "create", f"--{kind}", "bob", "--name", "x")
    asked = installed.run(kind, "delete", "bob")
    assert asked.code == 2
    assert "--yes" in asked.err
    ran = installed.ok(kind, "delete", "bob", "--yes")
    assert "1 token revoked" in ran.err
    assert "effective everywhere" in ran.err
    assert installed.run(kind, "show", "bob").code == 3
    again = installed.run(kind, "add", "BOB")
    assert again.code == 2
    assert "never given again" in again.err


@BOTH
@pytest.mark.parametrize("act", [("show",), ("disable",), ("enable",), ("delete", "--yes")], ids=lambda act: act[0])
def test_an_unknown_owner_is_one_line_with_the_nearest_name_and_exit_3(installed, kind, act):
    installed.ok(kind, "add", "robert")
    ran = installed.run(kind, *act, "robrt")
    assert ran.code == 3
    assert len(ran.err.splitlines()) == 1
    assert "did you mean robert?" in ran.err
    assert "\x1b" not in installed.run(kind, *act, "no\x1b[2Jbody").err


def test_what_people_do_is_audited_with_the_system_user(installed):
    installed.ok("app", "add", "cron")
    installed.ok("app", "disable", "cron")
    rows = installed.rows("SELECT actor, action FROM audit ORDER BY seq")
    assert [action for _, action in rows] == ["user_created", "application_created", "application_disabled"]
    assert len({actor for actor, _ in rows}) == 1
    assert rows[0][0].startswith("cli:")


def test_an_empty_list_says_what_to_type(installed):
    assert installed.ok("app", "list").err == "No applications yet. `token-gateway app add` makes one.\n"
