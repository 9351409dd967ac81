"""`user passwd`, `user sync`, `user confirm`, `user edit` and `app edit`, as an operator uses them."""

import pytest

GOOD = "copper lantern zebra kiosk"


def test_a_password_comes_by_stdin_and_ends_nothing_but_sessions(installed):
    installed.token()
    ran = installed.ok("user", "passwd", "alice", "--stdin", "--json", stdin=GOOD + "\n")
    assert ran.json == {"login": "alice", "must_change": True, "sessions_ended": 0}
    assert GOOD not in ran.out + ran.err
    assert "live" in installed.ok("token", "list").out
    said = installed.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=GOOD)
    assert "must be changed" not in said.err
    rows = installed.rows("SELECT actor, detail FROM audit WHERE action = 'password_set'")
    assert [detail for _, detail in rows] == [
        '{"must_change":true,"sessions_ended":0}',
        '{"must_change":false,"sessions_ended":0}',
    ]
    assert all(actor.startswith("cli:") for actor, _ in rows)


@pytest.mark.parametrize(
    ("login", "stdin", "code", "says"),
    [
        ("alice", "Xq7-vb\n", 2, "shorter than 12"),
        ("alice", "alice-2026-alice", 2, "tried first"),
        ("alice", f"{GOOD}\n{GOOD}\n", 2, "more than one password"),
        ("alice", "x" * 9000, 2, "more than one password"),
        ("alice", b"\xff" * 14, 2, "not UTF-8"),
        ("alcie", GOOD, 3, "did you mean alice?"),
    ],
    ids=["short", "common", "two", "huge", "encoding", "unknown"],
)
def test_a_password_that_is_refused_is_not_repeated_and_changes_nothing(installed, login, stdin, code, says):
    ran = installed.run("user", "passwd", login, "--stdin", stdin=stdin)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert str(stdin).strip() not in ran.err
    assert installed.rows("SELECT count(password_hash) FROM owners") == [(0,)]


def test_where_nobody_can_be_asked_stdin_has_to_be_named(installed):
    ran = installed.run("user", "passwd", "alice", stdin=GOOD)
    assert ran.code == 2
    assert "--stdin" in ran.err


def test_an_sso_user_is_shown_as_that_and_has_no_password(installed):
    installed.ok("user", "add", "eve", "--sso")
    assert "elsewhere (single sign-on)" in installed.ok("user", "show", "eve").out
    assert installed.ok("user", "show", "eve", "--json").json["sso"] is True
    assert "signs in by the single sign-on" in installed.run("user", "passwd", "eve", "--stdin", stdin=GOOD).err
    assert "eve is confirmed" in installed.ok("user", "confirm", "eve").err
    assert "is a local user" in installed.run("user", "confirm", "alice").err


def test_an_owner_is_edited_and_the_rest_stays(installed):
    installed.ok("user", "add", "bob", "--name", "Bob", "--organisation", "acme", "--group", "staff")
    assert "effective everywhere" in installed.ok("user", "edit", "bob", "--email", "b@example.org").err
    shown = installed.ok("user", "edit", "bob", "--organisation", "beta", "--json").json
    assert (shown["name"], shown["email"], shown["organisations"]) == ("Bob", "b@example.org", ["beta"])
    assert shown["groups"] == ["staff"]
    assert installed.ok("user", "edit", "bob", "--no-organisation", "--json").json["organisations"] == []
    assert "was so already" in installed.ok("user", "edit", "bob", "--email", "b@example.org").err
    installed.ok("app", "add", "cron")
    edited = installed.ok("app", "edit", "cron", "--title", "Cron", "--contact", "ops@example.org", "--json").json
    assert (edited["name"], edited["email"]) == ("Cron", "ops@example.org")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nothing to change"),
        (("--email", "x"), "e-mail address"),
        (("--name", "\u202e"), "U+202E"),
        (("--organisation", "a,b"), "','"),
        (("--organisation", "a", "--no-organisation"), "two things"),
    ],
    ids=str,
)
def test_a_bad_edit_is_refused(installed, words, says):
    ran = installed.run("user", "edit", "alice", *words)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err


@pytest.fixture
def people(installed):
    """Writes an export and syncs it."""

    def sync(*lines, words=(), run=installed.ok):
        file = installed.folder / "people.csv"
        file.write_text("\n".join(("login,enabled,groups,name", *lines)) + "\n", "utf-8")
        return run("user", "sync", str(file), *words)

    return sync


def who(ran):
    return {word: logins for word, logins in ran.json.items() if isinstance(logins, list) and logins}


def test_an_export_creates_changes_enables_and_disables_the_people_of_the_single_sign_on_only(installed, people):
    installed.ok("app", "add", "cron")
    made = ("bob,true,staff nobody-declared,Bob", "eve,1,,", "alice,false,,", "cron,true,,", "zoe,no,,")
    assert who(people(*made, words=("--json",))) == {
        "unknown": ["bob", "eve", "zoe"],
        "local": ["alice", "cron"],
        "groups_left_out": ["nobody-declared"],
    }
    token = installed.token()
    ran = people(f'zoe,no,"\x1b[2J {"x" * 200} {token}",')
    assert "<U+001B>[2J" in ran.err
    assert token[16:] not in ran.err
    assert f"{token[:16]}***" in ran.err
    assert "x" * 101 not in ran.err
    ran = people(*made, words=("--json", "--create"))
    assert who(ran)["created"] == ["bob", "eve", "zoe"]
    assert ran.json["effective_after_s"] >= 0.11
    installed.ok("user", "groups", "bob", "--add", "guests")
    again = people("bob,true,admins,Bob", "eve,yes,,", "zoe,true,,", words=("--json",))
    assert who(again) == {"updated": ["bob"], "confirmed": ["eve"], "enabled": ["zoe"]}
    assert installed.ok("user", "show", "bob", "--json").json["groups"] == ["admins", "guests"]
    ended = people("bob,true,admins,Bob", "eve,yes,,", words=("--json", "--disable-missing"))
    assert who(ended) == {"confirmed": ["bob", "eve"], "disabled": ["zoe"]}
    assert installed.ok("user", "show", "alice", "--json").json["enabled"] is True
    assert who(people("bob,true,admins,Bob", words=("--json",)))["missing"] == ["eve"]


def test_a_dry_run_says_what_would_be_and_changes_nothing(installed, people):
    people("bob,true,staff,Bob", words=("--create",))
    before = installed.rows("SELECT * FROM owners") + installed.rows("SELECT count(*) FROM audit")
    ran = people("bob,true,admins,Robert", "new,true,,", words=("--create", "--dry-run"))
    assert "updated" in ran.out
    assert "created" in ran.out
    assert "Nothing was changed" in ran.err
    assert installed.rows("SELECT * FROM owners") + installed.rows("SELECT count(*) FROM audit") == before


def test_an_export_that_would_lock_out_most_is_refused_until_somebody_insists(installed, people):
    people("a,true,,", "b,true,,", "c,true,,", words=("--create",))
    for lines, words in ((("a,true,,", "b,false,,", "c,0,,"), ()), (("a,true,,",), ("--disable-missing",))):
        ran = people(*lines, words=words, run=installed.run)
        assert ran.code == 2
        assert "disable 2 of 3" in ran.err
        assert "--force" in ran.err
        assert installed.rows("SELECT count(*) FROM owners WHERE sso AND enabled") == [(3,)]
    people("a,true,,", words=("--disable-missing", "--force"))
    assert installed.rows("SELECT count(*) FROM owners WHERE sso AND enabled") == [(1,)]


def test_one_bad_line_and_nothing_is_changed(installed, people):
    ran = people("bob,true,,", "\x1b[2J,true,,", "eve,maybe,,", words=("--create",), run=installed.run)
    assert ran.code == 2
    assert "people.csv: line 3: login: contains U+001B" in ran.err
    assert "line 4: enabled: is neither true nor false" in ran.err
    assert "\x1b" not in ran.err
    assert installed.rows("SELECT count(*) FROM owners") == [(1,)]
    assert installed.run("user", "sync", str(installed.folder / "missing.csv")).code == 2
    assert installed.run("user", "sync", str(installed.folder)).code == 2


def test_a_deleted_person_does_not_come_back_by_an_export(installed, people):
    people("bob,true,,", words=("--create",))
    installed.ok("user", "delete", "bob", "--yes")
    assert who(people("bob,true,,", words=("--create", "--json"))) == {"deleted": ["bob"]}


def test_many_people_come_in_batches_with_one_audit_row_each_for_the_confirmations(installed, people):
    lines = [f"user{number},true,staff," for number in range(401)]
    assert len(people(*lines, words=("--create", "--json")).json["created"]) == 401
    installed.ok("user", "list")
    before = installed.rows("SELECT count(*) FROM audit")[0][0]
    assert len(people(*lines, words=("--json",)).json["confirmed"]) == 401
    assert installed.rows("SELECT count(*) FROM audit")[0][0] - before == 3
