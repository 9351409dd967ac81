"""`token`: the secret is on stdout once and nowhere else, and what is revoked is dead when the command returns."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway.core.token import Kind, Secret, compose, parse
from tests.installation import handle


def secret_of(token: str) -> str:
    found = parse(token.encode(), brand="tg")
    assert found is not None
    return found.secret.reveal()


def test_a_new_token_alone_is_on_stdout(installed):
    made = installed.ok("token", "create", "--user", "alice", "--name", "ci", "--scope", "rest")
    assert parse(made.out.removesuffix("\n").encode(), brand="tg") is not None
    assert handle(made.out) in made.err
    assert secret_of(made.out.strip()) not in made.err


def test_the_secret_is_in_no_list_no_record_no_log_and_not_in_the_database(installed):
    token = installed.token()
    later = installed.ok("token", "rotate", handle(token), "--grace", "1h").out.strip()
    told = [
        installed.ok(*words, *more)
        for more in ((), ("--json",))
        for words in (("token", "list"), ("token", "show", handle(token)), ("user", "show", "alice"))
    ]
    told.append(installed.ok("token", "revoke", "--stdin", stdin=token))
    text = "".join(ran.out + ran.err for ran in told) + repr(installed.rows("SELECT * FROM audit"))
    for secret in (secret_of(token), secret_of(later)):
        assert secret not in text
        assert secret.encode() not in installed.on_disk()


def test_json_has_the_token_and_all_that_is_known_of_it(installed):
    words = ("--user", "alice", "--name", "ci", "--scope", "write", "--scope", "rest", "--network", "10.0.0.0/8")
    made = installed.ok("token", "create", *words, "--expires", "30d", "--json").json
    assert parse(made["token"].encode(), brand="tg") is not None
    assert (made["scopes"], made["networks"], made["kind"]) == (["rest", "write"], ["10.0.0.0/8"], "personal")
    ends = datetime.fromisoformat(made["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
    listed = installed.ok("token", "list", "--json").json
    assert listed[0]["handle"] == made["handle"]
    assert listed[0]["usage"] == {"total": 0, "since_rotation": 0, "last_used_at": None, "last_address": ""}


def test_an_application_has_tokens_of_its_own_kind(installed):
    installed.ok("app", "add", "cron")
    token = installed.ok("token", "create", "--app", "cron", "--name", "n", "--expires", "never").out
    assert token.startswith("tga_")
    assert "never" in installed.ok("token", "list", "--app", "cron").out


def test_a_date_means_its_end(installed):
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    made = installed.ok("token", "create", "--user", "alice", "--name", "x", "--expires", tomorrow, "--json").json
    assert made["expires_at"] == f"{tomorrow}T23:59:59Z"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--user", "alice", "--name", ""), 2, "the token's name is empty"),
        (("--user", "alice", "--name", "x" * 101), 2, "101 characters"),
        (("--user", "alice", "--name", "a\nb"), 2, "U+000A"),
        (("--user", "alice", "--name", "a\u202eb"), 2, "U+202E"),
        (("--user", "alice", "--name", "x", "--scope", "rst"), 2, "did you mean rest?"),
        (("--user", "alice", "--name", "x", "--scope", "zzz"), 2, "rest, write, export"),
        (("--user", "alice", "--name", "x", "--network", "10.0.0.1/8"), 2, "10.0.0.0/8"),
        (("--user", "alice", "--name", "x", "--network", "internal"), 2, "network"),
        (("--user", "alice", "--name", "x", "--expires", "never"), 2, "must expire"),
        (("--user", "alice", "--name", "x", "--expires", "367d"), 2, "at most 366 days"),
        (("--user", "alice", "--name", "x", "--expires", "2020-01-01"), 2, "in the past"),
        (("--user", "alice", "--name", "x", "--expires", "soon"), 2, "--expires"),
        (("--user", "alice", "--name", "x", "--expires", "2030-01-01T00:00:00"), 2, "zone"),
        (("--user", "alcie", "--name", "x"), 3, "did you mean alice?"),
        (("--app", "alice", "--name", "x"), 3, "alice is not an application; it is a user"),
        (("--name", "x"), 2, "--user"),
        (("--user", "alice", "--app", "cron", "--name", "x"), 2, "--app"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(installed, words, code, says):
    ran = installed.run("token", "create", *words)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert installed.rows("SELECT count(*) FROM tokens") == [(0,)]


def test_the_name_of_a_revoked_token_is_free_again(installed):
    installed.ok("token", "revoke", handle(installed.token("ci")))
    assert installed.token("ci")


def test_rotate_prints_the_new_token_alone_and_kills_the_old_at_once(installed):
    token = installed.token()
    made = installed.ok("token", "rotate", handle(token))
    assert handle(made.out) == handle(token)
    assert made.out.strip() != token
    assert "old secret ended" in made.err
    ended = [one["ends_at"] for one in installed.ok("token", "show", handle(token), "--json").json["secrets"]]
    assert ended[0] is None
    assert datetime.fromisoformat(ended[1]) <= datetime.now(UTC)


def test_rotate_keeps_at_most_two_live_secrets(installed):
    token = installed.token()
    for _ in range(3):
        installed.ok("token", "rotate", handle(token), "--grace", "7d")
    secrets = installed.ok("token", "show", handle(token), "--json").json["secrets"]
    live = [
        one for one in secrets if one["ends_at"] is None or datetime.fromisoformat(one["ends_at"]) > datetime.now(UTC)
    ]
    assert (len(secrets), len(live)) == (4, 2)


@pytest.mark.parametrize("grace", ["8d", "1y", "-1h", "", "later"])
def test_rotate_refuses_a_grace_that_is_too_long_or_none(installed, grace):
    token = installed.token()
    ran = installed.run("token", "rotate", handle(token), f"--grace={grace}")
    assert (ran.code, ran.out) == (2, "")
    assert installed.rows("SELECT count(*) FROM secrets") == [(1,)]


def test_a_revoked_token_is_not_rotated(installed):
    token = installed.token()
    installed.ok("token", "revoke", handle(token))
    ran = installed.run("token", "rotate", handle(token))
    assert (ran.code, ran.out) == (2, "")
    assert "revoked" in ran.err


def test_revoke_says_how_long_it_took_and_is_not_undone_by_a_second(installed):
    token = installed.token()
    ran = installed.ok("token", "revoke", handle(token), "--json")
    assert ran.json["effective_after_s"] >= 0.11
    assert ran.json["revoked"][0]["already_revoked"] is False
    assert "already revoked" in installed.ok("token", "revoke", handle(token)[4:]).err


def test_an_unknown_handle_does_not_keep_the_others_alive(installed):
    token = installed.token()
    ran = installed.run("token", "revoke", "tgp_00000000000", handle(token))
    assert ran.code == 3
    assert "there is no token tgp_00000000000" in ran.err
    assert installed.rows("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL") == [(1,)]
    ran = installed.run("token", "revoke", "tgp_00000000000", "--json")
    assert ran.json["not_found"] == [{"line": None, "handle": "tgp_00000000000", "why": "not found"}]


def test_an_argument_that_is_no_handle_stops_before_anything_is_revoked(installed):
    token = installed.token()
    ran = installed.run("token", "revoke", handle(token), handle(token)[:-1])
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)
    assert installed.rows("SELECT count(*) FROM tokens WHERE revoked_at IS NOT NULL") == [(0,)]


@pytest.mark.parametrize("command", ["revoke", "rotate", "show"])
def test_a_whole_token_in_an_argument_is_refused_and_not_repeated(installed, command):
    token = installed.token()
    ran = installed.run("token", command, token)
    assert (ran.code, ran.out) == (2, "")
    assert "handle" in ran.err
    assert secret_of(token) not in ran.err


def test_leaked_tokens_come_on_stdin_whole_or_as_handles(installed):
    whole, old, by_handle = installed.token("whole"), installed.token("old"), installed.token("handle")
    installed.ok("token", "rotate", handle(old), "--grace", "1h")
    kept = installed.token("kept")
    unknown = compose("tg", Kind.PERSONAL, "0" * 11, Secret("0" * 32)).reveal()
    forged = compose("tg", Kind.PERSONAL, handle(kept)[4:], Secret("0" * 32)).reveal()
    lines = [whole, "", old + "\r", handle(by_handle), unknown, forged, "password: hunter2", whole[:-1]]
    ran = installed.run("token", "revoke", "--stdin", "--json", stdin="\n".join(lines))
    assert ran.code == 3
    said = json.loads(ran.out)
    assert [one["name"] for one in said["revoked"]] == ["whole", "old", "handle"]
    assert [one["line"] for one in said["not_found"]] == [5, 6, 7, 8]
    assert "hunter2" not in ran.out + ran.err
    assert secret_of(forged) not in ran.out + ran.err
    assert installed.rows("SELECT name FROM tokens WHERE revoked_at IS NULL") == [("kept",)]


def test_a_list_of_leaked_tokens_is_also_told_in_words(installed):
    token = installed.token()
    ran = installed.run("token", "revoke", "--stdin", stdin=token.encode() + b"\n\xff\xfe\n")
    assert ran.code == 3
    assert "is revoked; effective everywhere" in ran.err
    assert "line 2: not a token of this installation" in ran.err
    assert installed.run("token", "revoke", "--stdin", stdin="nothing").code == 3


def test_revoke_needs_handles_or_stdin_and_not_both(installed):
    assert installed.run("token", "revoke").code == 2
    assert installed.run("token", "revoke", "--stdin", "tgp_00000000000", stdin="").code == 2


def test_lists_show_state_in_words_and_can_be_narrowed(installed):
    assert installed.ok("token", "list").err == "No tokens.\n"
    gone = installed.token("gone")
    installed.token("here")
    installed.ok("token", "revoke", handle(gone))
    table = installed.ok("token", "list").out
    assert "never used" in table
    assert "in 90 days" in table
    assert "revoked" in next(line for line in table.splitlines() if "gone" in line)
    assert [one["name"] for one in installed.ok("token", "list", "--state", "live", "--json").json] == ["here"]
    assert installed.run("token", "list", "--user", "nobody").code == 3


def test_show_tells_a_token_field_by_field_and_an_unknown_one_is_exit_3(installed):
    token = installed.token()
    shown = installed.ok("token", "show", handle(token)).out
    for words in ("alice (user)", "rest", "anywhere", "never used", "current"):
        assert words in shown
    ran = installed.run("token", "show", "tgp_00000000000")
    assert ran.code == 3
    assert ran.err == "token-gateway: there is no token tgp_00000000000; see `token-gateway token list`\n"
    typo = handle(token)[:-1] + ("0" if token[14] != "0" else "1")
    assert f"did you mean {handle(token)}?" in installed.run("token", "rotate", typo).err
    assert installed.run("token", "show", "nonsense").code == 2
