"""What users of RT and iTop tokens can do with a token during its life, by the command line: R19 to R23 and R26."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.auth import authenticate
from gateway.auth.power import operator
from gateway.auth.refused import Refused
from gateway.auth.token_edit import edit_token
from tests.installation import handle
from tests.workers import WallClock, a_worker


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """A busy machine is not what these tests are about."""
    monkeypatch.setattr(authenticate, "STORE_DEADLINE_S", 2.0)


def asked(installed, *questions, **more):
    """What a fresh worker answers to each: a token, or a token and a path."""

    async def run():
        clock = WallClock()
        clock.advance(**more)
        async with a_worker(installed, clock) as worker:
            return [await worker.ask(*((one,) if isinstance(one, str) else one)) for one in questions]

    return asyncio.run(run())


def shown(installed, token):
    """A token as `token show --json` has it."""
    return installed.ok("token", "show", handle(token), "--json").json


def test_r19_the_expiry_is_edited_later_within_the_policy(installed):
    token = installed.token()
    edited = installed.ok("token", "edit", handle(token), "--expires", "366d", "--json").json
    ends = datetime.fromisoformat(edited["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(days=366)) < timedelta(minutes=1)
    for words, says in ((("--expires", "367d"), "at most 366 days"), (("--expires", "never"), "must expire")):
        ran = installed.run("token", "edit", handle(token), *words)
        assert ran.code == 2
        assert says in ran.err
    ran = installed.ok("token", "edit", handle(token), "--expires", "1h")
    assert "effective everywhere, " in ran.err
    assert asked(installed, token) == ["allowed"]
    assert asked(installed, token, hours=1) == ["expired"]


def test_r19_an_expired_token_stays_so(installed):
    token = installed.token()

    async def run():
        clock = WallClock()
        clock.advance(days=91)
        async with a_worker(installed, clock) as worker:
            return await edit_token(
                worker.desk, actor=operator("cli:test"), reference=handle(token), expires=timedelta(days=1)
            )

    with pytest.raises(Refused) as caught:
        asyncio.run(run())
    assert caught.value.code == "expired"


def test_r20_until_the_first_use_the_old_secret_works_and_then_never_again(installed):
    old = installed.token()
    rotated = installed.ok("token", "rotate", handle(old), "--until-used")
    assert "ends with the first use of the new one, at the latest in 7 days" in rotated.err
    new = rotated.out.strip()
    assert asked(installed, old, new, old, new) == ["allowed", "allowed", "invalid_token", "allowed"]
    assert [one["until_used"] for one in shown(installed, old)["secrets"]] == [False, False]
    assert installed.run("token", "rotate", handle(old), "--until-used", "--grace", "1h").code == 2


def test_r21_a_token_is_suspended_and_resumed_and_both_are_kept_for_the_record(installed):
    token, other = installed.token(), installed.token("other")
    ran = installed.ok("token", "suspend", handle(token))
    assert "is suspended; effective everywhere, " in ran.err
    assert asked(installed, token, other) == ["suspended", "allowed"]
    assert "had been stopped already" in installed.ok("token", "suspend", handle(token)).err
    assert "is resumed" in installed.ok("token", "resume", handle(token)).err
    assert "was not suspended" in installed.ok("token", "resume", handle(token)).err
    assert asked(installed, token) == ["allowed"]
    assert installed.rows("SELECT action FROM audit WHERE action LIKE 'token_%ed' ORDER BY seq")[-2:] == [
        ("token_suspended",),
        ("token_resumed",),
    ]
    installed.ok("token", "revoke", handle(token))
    assert installed.run("token", "resume", handle(token)).code == 2
    assert installed.run("token", "suspend", "tgp_00000000000", handle(other)).code == 3
    assert asked(installed, other) == ["suspended"], "one that is not there does not keep the others alive"


@pytest.mark.parametrize(("verb", "reason"), [("revoke", "revoked"), ("suspend", "suspended")])
def test_r21_all_tokens_of_a_user_or_an_application_are_stopped_at_once(installed, verb, reason):
    installed.ok("user", "add", "bob", "--group", "staff")
    installed.ok("app", "add", "cron")
    mine = installed.token("mine")
    his = [installed.token(f"t{number}", "bob") for number in range(3)]
    job = installed.ok("token", "create", "--app", "cron", "--name", "n", "--scope", "rest").out.strip()
    said = installed.ok("token", verb, "--all-of-user", "bob").err
    assert said.startswith(f"3 tokens of bob {reason}; effective everywhere, ")
    told = installed.ok("token", verb, "--all-of-app", "cron", "--json").json
    assert (told["owner"], told[reason]) == ("cron", 1)
    assert told["effective_after_s"] >= 0.11
    assert asked(installed, mine, *his, job) == ["allowed", *[reason] * 4]
    assert installed.run("token", verb, "--all-of-user", "cron").code == 3
    assert installed.run("token", verb, "--all-of-user", "bob", handle(mine)).code == 2
    assert installed.run("token", verb).code == 2


def test_r22_name_scopes_networks_and_hosts_are_edited_and_what_is_taken_away_is_gone(installed):
    token = installed.token("ci", "alice", "rest", "write")
    ran = installed.ok("token", "edit", handle(token), "--name", "build server")
    assert "'build server' of alice) is changed." in ran.err, "a name takes nothing away, so there is no wait"
    for words, reason in (
        (("--scope", "write"), "insufficient_scope"),
        (("--scope", "rest", "--scope", "write", "--network", "10.0.0.0/8"), "network"),
        (("--network", "any", "--host", "other.example.org"), "host"),
    ):
        assert "effective everywhere" in installed.ok("token", "edit", handle(token), *words).err
        assert asked(installed, token) == [reason]
    installed.ok("token", "edit", handle(token), "--host", "*")
    assert asked(installed, token) == ["allowed"]
    assert "was so already" in installed.ok("token", "edit", handle(token), "--host", "*").err
    found = shown(installed, token)
    assert (found["name"], found["networks"], found["hosts"], found["version"]) == ("build server", None, None, 6)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "nothing to change"),
        (("--name", "a\nb"), "U+000A"),
        (("--name", "taken"), "another live token of this name"),
        (("--scope", "rst"), "did you mean rest?"),
        (("--network", "10.0.0.1/8"), "host bits"),
        (("--host", "a/b"), "leave scheme, user and path out"),
        (("--host", "a.*"), "one whole label in front"),
        (("--idle", "23h"), "at least 1 day"),
        (("--idle", "99999d"), "at most 3660 days"),
    ],
    ids=str,
)
def test_r22_a_bad_edit_names_what_is_wrong_and_changes_nothing(installed, words, says):
    token = installed.token()
    installed.token("taken")
    before = shown(installed, token)
    ran = installed.run("token", "edit", handle(token), *words)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.splitlines()) == 1
    assert shown(installed, token) == before


def test_r22_nothing_is_given_to_a_token_whose_owner_may_have_none_but_taking_away_goes(installed):
    installed.ok("user", "add", "bob", "--group", "staff")
    token = installed.token("ci", "bob")
    installed.ok("user", "groups", "bob", "--set", "guests")
    for words in (("--scope", "rest", "--scope", "write"), ("--expires", "200d")):
        ran = installed.run("token", "edit", handle(token), *words)
        assert ran.code == 2
        assert "may not have tokens" in ran.err
    installed.ok("token", "edit", handle(token), "--expires", "1d", "--network", "10.0.0.0/8")
    assert shown(installed, token)["scopes"] == ["rest"]


def test_r22_of_two_who_edit_one_token_the_second_is_told(installed):
    token = installed.token()

    async def both():
        async with installed.desk() as desk:
            seen = (await desk.store.load_token(handle(token)[4:])).version
            wish = {"reference": handle(token), "expected_version": seen}
            edits = [edit_token(desk, actor=operator(who), name=who, **wish) for who in ("a", "b")]
            return await asyncio.gather(*edits, return_exceptions=True)

    done = asyncio.run(both())
    assert [one.code for one in done if isinstance(one, Refused)] == ["changed_meanwhile"], done


def test_r22_groups_of_owners_are_edited_and_leaving_one_is_effective_when_it_returns(installed):
    installed.ok("user", "add", "bob", "--group", "staff")
    token = installed.token("ci", "bob")
    assert "effective" not in installed.ok("user", "groups", "bob", "--add", "guests").err
    assert installed.ok("user", "groups", "bob").out.split() == ["guests", "staff"]
    ran = installed.ok("user", "groups", "bob", "--remove", "staff")
    assert "left staff; is in guests; effective everywhere, " in ran.err
    assert asked(installed, token) == ["permission"]
    assert installed.ok("user", "groups", "bob", "--set", "", "--json").json["groups"] == []
    assert "did you mean staff?" in installed.run("user", "groups", "bob", "--add", "staf").err
    assert installed.run("user", "groups", "bob", "--add", "staff", "--remove", "staff").code == 2
    installed.ok("app", "add", "cron")
    assert installed.ok("app", "groups", "cron", "--set", "admins", "--json").json["added"] == ["admins"]
    assert installed.run("app", "groups", "bob").code == 3


def test_r23_uses_are_counted_since_creation_and_since_rotation_with_the_last_address(installed):
    old = installed.token()
    assert "never used" in installed.ok("token", "list").out
    assert asked(installed, old, old) == ["allowed", "allowed"]
    new = installed.ok("token", "rotate", handle(old)).out.strip()
    assert asked(installed, new, old, (new, "/closed/x")) == ["allowed", "invalid_token", "forbidden"]
    assert "just now, 3 times (1 since rotation), last from 192.0.2.7" in installed.ok("token", "list").out
    assert "3 since creation, 1 since rotation" in installed.ok("token", "show", handle(old)).out
    usage = shown(installed, old)["usage"]
    assert (usage["total"], usage["since_rotation"], usage["last_address"]) == (3, 1, "192.0.2.7")
    actions = [action for (action,) in installed.rows("SELECT action FROM audit WHERE subject_kind = 'token'")]
    assert actions == ["token_created", "token_rotated"], "uses are not in the history"


def test_r23_a_token_that_is_not_used_for_its_idle_time_ends_for_good(installed):
    made = installed.ok(
        "token", "create", "--user", "alice", "--name", "x", "--scope", "rest", "--idle", "2d"
    ).out.strip()
    assert asked(installed, made) == ["allowed"]
    assert asked(installed, made, days=2, seconds=90) == ["idle"]
    found = installed.ok("token", "show", handle(made))
    assert "ended unused" in found.out
    assert asked(installed, made) == ["idle"], "also for a clock that has gone back"


def test_r26_all_tokens_are_searched_by_owner_scope_expiry_group_and_organisation(installed):
    installed.ok("user", "add", "bob", "--group", "staff", "--organisation", "acme")
    installed.ok("app", "add", "cron", "--group", "guests")
    installed.token("a", "alice", "rest")
    installed.token("b", "bob", "rest", "write")
    installed.ok("token", "create", "--app", "cron", "--name", "c", "--scope", "export", "--expires", "never")
    installed.ok("token", "edit", handle(installed.token("d", "bob", "export")), "--expires", "5d")

    def names(*words):
        return [one["name"] for one in installed.ok("token", "list", *words, "--json").json]

    assert names("--scope", "rest") == ["a", "b"]
    assert names("--scope", "export", "--user", "bob") == ["d"]
    assert names("--group", "staff") == names("--organisation", "acme") == ["b", "d"]
    assert names("--app", "cron", "--scope", "export") == ["c"]
    assert names("--expires-before", "6d") == ["d"]
    assert names("--state", "live", "--expires-before", "2999-01-01") == ["a", "b", "d"]
    assert installed.run("token", "list", "--expires-before", "never").code == 2
    assert names("--scope", "nope") == []


def test_r21_suspending_all_of_an_owner_leaves_what_has_ended_alone(installed):
    installed.ok("token", "revoke", handle(installed.token("gone")))
    installed.token("here")
    assert installed.ok("token", "suspend", "--all-of-user", "alice").err.startswith("1 token of alice suspended")
