"""R01, R13, R19, R20, R21, R23, R24: a token from its making to its end, by the command line."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.installation import an_installation, handle
from tests.parity.living import Living, installed


def test_r01_one_of_many_tokens_is_revoked_without_disturbing_the_others(living: Living) -> None:
    login = living.user()
    tokens = [living.token(login, "rest") for _ in range(5)]
    living.run("token", "revoke", handle(tokens[2]))
    assert [living.allows(token) for token in tokens] == [True, True, False, True, True]


def test_r13_a_token_needs_a_name_of_its_own(installation) -> None:
    words = ("token", "create", "--user", "alice", "--scope", "rest")
    assert installation.run(*words).code == 2
    assert "is empty" in installation.run(*words, "--name", "").err
    assert "101 characters" in installation.run(*words, "--name", "x" * 101).err
    installation.ok(*words, "--name", "n" * 100)
    first = installation.ok(*words, "--name", "ci").out.strip()
    assert "has a live token of this name" in installation.run(*words, "--name", "ci").err
    installation.ok("token", "revoke", handle(first))
    installation.ok(*words, "--name", "ci")


@pytest.mark.parametrize(
    ("expires", "days"),
    [((), 90), (("--expires", "30d"), 30), (("--expires", "180d"), 180), (("--expires", "366d"), 366)],
)
def test_r19_a_token_expires_by_default_or_when_its_maker_says(installation, expires, days) -> None:
    made = installation.ok("token", "create", "--user", "alice", "--name", "x", *expires, "--json").json
    ends = datetime.fromisoformat(made["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=days)) < timedelta(minutes=1)


def test_r19_an_instant_is_taken_as_it_is_and_never_only_where_policy_allows(installation) -> None:
    installation.ok("app", "add", "cron")
    person, service = ("--user", "alice", "--name"), ("--app", "cron", "--name")
    ends = (datetime.now(UTC) + timedelta(days=3)).replace(microsecond=0).isoformat().replace("+00:00", "Z")
    made = installation.ok("token", "create", *person, "a", "--expires", ends, "--json").json
    assert made["expires_at"] == ends
    assert installation.ok("token", "create", *service, "a", "--expires", "never", "--json").json["expires_at"] is None
    assert installation.run("token", "create", *person, "b", "--expires", "never").code == 2
    assert installation.run("token", "create", *person, "b", "--expires", "367d").code == 2


def test_r19_an_expired_token_is_refused_with_that_word(living: Living) -> None:
    token = living.token(living.user(), "rest", expires="1s")
    time.sleep(1)
    assert living.reason("/api/x", token) == "expired"


def test_r20_rotating_gives_the_same_token_a_new_value_and_the_old_one_is_dead_on_return(living: Living) -> None:
    old = living.token(living.user(), "rest")
    assert living.allows(old)
    made = living.run("token", "rotate", handle(old))
    new = made.out.strip()
    assert handle(new) == handle(old)
    assert (living.allows(old), living.allows(new)) == (False, True)
    assert new not in living.run("token", "show", handle(new)).out


def test_r20_with_grace_both_values_work_until_it_ends(living: Living) -> None:
    old = living.token(living.user(), "rest")
    new = living.run("token", "rotate", handle(old), "--grace", "2s").out.strip()
    assert (living.allows(old), living.allows(new)) == (True, True)
    for _ in range(40):
        if not living.allows(old):
            break
        time.sleep(0.1)
    assert (living.allows(old), living.allows(new)) == (False, True)


def test_r21_revoking_is_final_and_the_token_is_kept_for_the_record(living: Living) -> None:
    token = living.token(living.user(), "rest")
    living.run("token", "revoke", handle(token))
    assert living.reason("/api/x", token) == "revoked"
    assert living.installation.run("token", "rotate", handle(token)).code != 0
    shown = living.run("token", "show", handle(token), "--json").json
    assert shown["revoked_at"] is not None
    assert shown["revoked_by"]


def test_r23_uses_are_counted_in_all_and_since_rotation_and_the_list_says_when_in_words(
    template, tmp_path_factory
) -> None:
    mine: Living = installed(an_installation(template, tmp_path_factory.mktemp("uses") / "gw"))
    token, unused = mine.token("alice", "rest", name="used"), mine.token("alice", "rest", name="unused")
    for _ in range(3):
        assert mine.allows(token)
    assert not mine.allows(token, "/closed")
    mine.stop()
    mine.start()
    rotated = mine.run("token", "rotate", handle(token)).out.strip()
    for _ in range(2):
        assert mine.allows(rotated)
    mine.stop()
    usage = mine.run("token", "show", handle(token), "--json").json["usage"]
    assert (usage["total"], usage["since_rotation"], usage["last_address"]) == (5, 2, "192.0.2.7")
    assert datetime.now(UTC) - datetime.fromisoformat(usage["last_used_at"]) < timedelta(minutes=1)
    lines = {line.split()[0]: line for line in mine.run("token", "list").out.splitlines()[1:]}
    assert re.search(r"just now, 5 times", lines[handle(token)])
    assert "never used" in lines[handle(unused)]
    actions = mine.installation.rows("SELECT DISTINCT action FROM audit")
    assert not any("use" in action.split("_") for (action,) in actions)  # uses are no part of the change history


def test_r24_an_empty_list_says_so_and_an_expired_token_is_told_in_words(installation) -> None:
    assert "No tokens." in installation.ok("token", "list").err
    token = installation.ok("token", "create", "--user", "alice", "--name", "x", "--expires", "1s").out.strip()
    time.sleep(1)
    (line,) = [line for line in installation.ok("token", "list").out.splitlines() if handle(token) in line]
    assert "expired" in line
    assert installation.ok("token", "list", "--state", "expired", "--json").json[0]["handle"] == handle(token)
