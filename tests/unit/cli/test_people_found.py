"""`user list`, `app list` and `user sessions`: finding people, and seeing where they are signed in."""

import asyncio

import pytest

from tests.unit.auth.signing_in import GOOD, front


@pytest.fixture
def people(installed):
    """Some people, and applications."""
    installed.ok("user", "add", "bob", "--name", "Bob Example", "--group", "staff", "--organisation", "acme")
    installed.ok("user", "add", "eve", "--sso", "--email", "eve@example.org")
    installed.ok("app", "add", "nightly", "--title", "Bob's export", "--organisation", "acme")
    installed.ok("user", "disable", "eve", "--no-wait")
    return installed


@pytest.mark.parametrize(
    ("words", "logins"),
    [
        (("user", "list"), ["alice", "bob", "eve"]),
        (("user", "list", "--search", "EXAMPLE"), ["bob", "eve"]),
        (("user", "list", "--search", "example", "--disabled"), ["eve"]),
        (("user", "list", "--enabled"), ["alice", "bob"]),
        (("user", "list", "--sso"), ["eve"]),
        (("user", "list", "--local", "--group", "staff"), ["bob"]),
        (("app", "list", "--organisation", "acme"), ["nightly"]),
        (("app", "list", "--search", "bob's", "--enabled"), ["nightly"]),
        (("app", "list", "--disabled"), []),
    ],
)
def test_a_list_shows_those_that_pass_everything_given(people, words, logins):
    assert [one["login"] for one in people.ok(*words, "--json").json] == logins


def test_a_list_reads_on_until_its_end(people, monkeypatch):
    monkeypatch.setattr("gateway.cli.owner.PAGE", 1)
    assert [one["login"] for one in people.ok("user", "list", "--json").json] == ["alice", "bob", "eve"]


def test_a_filter_that_nothing_can_pass_is_refused_with_its_field(people):
    ran = people.run("user", "list", "--group", "a b")
    assert (ran.code, ran.out) == (2, "")
    assert "the group contains U+0020" in ran.err
    assert people.ok("user", "list", "--group", "nobody").err == "No user is so.\n"


def sign_in(installed, times):
    """Sign bob in so many times; the secrets of the sessions."""

    async def work():
        async with front(installed) as at:
            await at.set_password("bob", GOOD)
            return [(await at.enter("bob", user_agent="Evil\x1b[31m/1")).secret for _ in range(times)]

    return asyncio.run(work())


def test_where_somebody_is_signed_in_is_shown_and_ended_one_or_all(people):
    assert people.ok("user", "sessions", "bob").err == "bob is signed in nowhere.\n"
    secrets = sign_in(people, 3)
    shown = people.ok("user", "sessions", "bob")
    assert "192.0.2.7" in shown.out
    assert "\x1b" not in shown.out
    assert not any(secret.reveal() in shown.out for secret in secrets)
    found = people.ok("user", "sessions", "bob", "--json").json
    assert [one["how"] for one in found] == ["password"] * 3
    ended = people.ok("user", "sessions", "bob", "--end", found[1]["id"])
    assert ended.err == "bob: 1 session ended; tokens stay as they are.\n"
    left = [one["id"] for one in people.ok("user", "sessions", "bob", "--json").json]
    assert left == [found[0]["id"], found[2]["id"]]
    again = people.run("user", "sessions", "bob", "--end", found[1]["id"])
    assert (again.code, "there is no such session of bob" in again.err) == (3, True)
    assert people.ok("user", "sessions", "bob", "--end-all", "--json").json == {"login": "bob", "ended": 2}
    assert people.ok("user", "sessions", "bob", "--json").json == []


def test_one_session_of_somebody_else_is_none_of_this_persons(people):
    sign_in(people, 1)
    (found,) = people.ok("user", "sessions", "bob", "--json").json
    assert people.run("user", "sessions", "alice", "--end", found["id"]).code == 3
    assert people.run("user", "sessions", "nightly").code == 3
    both = people.run("user", "sessions", "bob", "--end", found["id"], "--end-all")
    assert (both.code, "say two things" in both.err) == (2, True)
    assert len(people.ok("user", "sessions", "bob", "--json").json) == 1
