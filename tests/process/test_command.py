"""The command as a process of its own: what it prints into pipes, beside others, and when somebody ends it.

A new secret is never live without having been handed out: closed pipes, full ones, Ctrl-C.
"""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.auth.hashing import verify_token_secret
from gateway.core.token import parse
from gateway.store import SqliteFeed
from tests.installation import handle
from tests.process.serving import COMMAND


@pytest.fixture
def token(installed):
    """A token of alice."""
    return installed.token()


def test_a_shell_can_take_it_into_a_variable(installed):
    script = 'T=$("$0" token create --user alice --name ci --scope rest) && printf %s "$T"'
    environment = {**os.environ, "TOKEN_GATEWAY_CONFIG": str(installed.config)}
    done = subprocess.run(["sh", "-c", script, COMMAND], capture_output=True, env=environment, timeout=60)
    assert parse(done.stdout, brand="tg") is not None, done.stderr


def test_two_who_create_the_same_name_at_once_get_one_token(installed):
    words = ["token", "create", "--user", "alice", "--name", "ci", "--config", str(installed.config)]

    def create(_):
        return subprocess.run([COMMAND, *words], capture_output=True, timeout=60)

    with ThreadPoolExecutor(2) as both:
        first, second = sorted(both.map(create, range(2)), key=lambda done: done.returncode)
    assert (first.returncode, second.returncode) == (0, 2), (first, second)
    assert b"has a live token of this name" in second.stderr
    assert installed.rows("SELECT count(*) FROM tokens") == [(1,)]


def test_a_revoke_in_another_process_is_in_the_feed_when_it_returns(installed):
    token = installed.token()
    feed = SqliteFeed(installed.database)
    try:
        feed.poll()
        words = [COMMAND, "token", "revoke", handle(token), "--config", str(installed.config)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        changes = feed.poll()
    finally:
        feed.close()
    assert changes is not None
    assert [(row.subject, row.id) for row in changes.rows] == [("token", handle(token)[4:])]
    assert "effective everywhere, " in done.stderr


def test_a_reader_that_goes_away_is_not_an_error(installed):
    script = f'"{COMMAND}" routes --json | head -c 1; exit ${{PIPESTATUS[0]}}'
    environment = {**os.environ, "TOKEN_GATEWAY_CONFIG": str(installed.config)}
    done = subprocess.run(
        [shutil.which("bash"), "-c", script], capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.stderr == ""


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
