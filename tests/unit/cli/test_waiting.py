"""`--no-wait`, and that a new secret is never live without having been handed out: closed pipes, full ones, Ctrl-C."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.auth.hashing import verify_token_secret
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


def rotating(installed, token, **streams):
    """The command, as a process of its own."""
    environment = {**os.environ, "TOKEN_GATEWAY_CONFIG": str(installed.config)}
    words = [COMMAND, "token", "rotate", handle(token)]
    return subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, **streams)


def secrets(installed):
    """How many secrets are stored."""
    return installed.rows("SELECT count(*) FROM secrets")[0][0]


@pytest.mark.parametrize("how", ["gone", "full", "closed"])
def test_where_nobody_takes_the_new_secret_the_old_one_stays(installed, token, how):
    reader, writer = os.pipe()
    if how == "full":
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
    else:
        os.close(reader)
    more = {"preexec_fn": lambda: os.close(1)} if how == "closed" else {"stdout": writer}
    with rotating(installed, token, **more) as process:
        _, said = process.communicate(timeout=60)
    os.close(writer)
    if how == "full":
        os.close(reader)
    assert process.returncode == 2
    assert b"nothing was changed" in said
    assert secrets(installed) == 1


def test_ctrl_c_in_the_wait_loses_no_secret(installed, token):
    with contextlib.closing(sqlite3.connect(installed.database, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET bound_ms = 30000")
    with rotating(installed, token, stdout=subprocess.PIPE) as process:
        limit = time.monotonic() + 30
        while secrets(installed) == 1 and time.monotonic() < limit:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    ((scheme, hashed),) = installed.rows("SELECT scheme, hash FROM secrets WHERE ends_at IS NULL")
    assert verify_token_secret(scheme, hashed, parse(printed.strip(), brand="tg").secret).matches


def test_a_rotation_as_json_is_one_object_and_the_time_is_told_beside_it(installed, token):
    ran = installed.ok("token", "rotate", handle(token), "--json")
    assert parse(ran.json["token"].encode(), brand="tg")
    assert "effective_after_s" not in ran.json
    assert "Its old secret ended; effective everywhere, " in ran.err
