"""`--no-wait`: what takes something away says by when that is effective, and does not wait for it."""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.core.token import parse
from tests.installation import handle

COMMAND = str(Path(sys.prefix) / "bin" / "token-gateway")
TAKING = [
    ("token", "revoke", "TOKEN"),
    ("token", "revoke", "--all-of-user", "bob"),
    ("token", "suspend", "TOKEN"),
    ("token", "suspend", "--all-of-user", "bob"),
    ("token", "edit", "TOKEN", "--expires", "1d"),
    ("user", "disable", "bob"),
    ("user", "groups", "bob", "--remove", "staff"),
    ("user", "edit", "bob", "--name", "Bob"),
    ("user", "delete", "bob", "--yes"),
    ("app", "disable", "cron"),
    ("app", "groups", "cron", "--remove", "staff"),
    ("app", "edit", "cron", "--title", "Cron"),
    ("app", "delete", "cron", "--yes"),
]


@pytest.fixture
def token(installed):
    """A token of bob; cron is an application."""
    installed.ok("user", "add", "bob", "--group", "staff")
    installed.ok("app", "add", "cron", "--group", "staff")
    return installed.token("ci", "bob")


@pytest.mark.parametrize("words", TAKING, ids=" ".join)
def test_what_takes_something_away_need_not_be_waited_for(installed, token, words):
    before = datetime.now(UTC)
    said = installed.ok(*(handle(token) if word == "TOKEN" else word for word in words), "--no-wait", "--json").json
    by = datetime.fromisoformat(said["effective_everywhere_by"])
    assert said["effective_after_s"] == 0
    assert timedelta(seconds=0.11) <= by - before < timedelta(seconds=20)


def test_who_does_not_wait_is_told_by_when_it_is_effective(installed, token):
    assert "is revoked; effective everywhere by 20" in installed.ok("token", "revoke", handle(token), "--no-wait").err
    assert (
        "ended; effective everywhere by 20"
        in installed.ok("token", "rotate", handle(installed.token("two", "bob")), "--no-wait").err
    )


def test_people_from_files_need_not_be_waited_for(installed):
    file = installed.folder / "people.csv"
    file.write_text("login,enabled,groups\nalice,true,staff\n", "utf-8")
    said = installed.ok("import", "users", str(file), "--update", "--no-wait", "--json").json
    assert said["effective_after_s"] == 0
    assert installed.ok("user", "sync", str(file), "--force", "--no-wait", "--json").json["effective_after_s"] == 0


def test_a_rotation_as_json_is_one_object_and_the_time_is_told_beside_it(installed, token):
    ran = installed.ok("token", "rotate", handle(token), "--json")
    assert parse(ran.json["token"].encode(), brand="tg")
    assert "effective_after_s" not in ran.json
    assert "Its old secret ended; effective everywhere, " in ran.err
