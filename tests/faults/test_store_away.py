"""A database that may not be written, is locked, or whose writer hangs: checks go on, changes say so, and then pass."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

from tests.faults.confined import AS_OTHERS, Confined, end_by_api
from tests.installation import handle
from tests.process.serving import Serving
from tests.proof.crash.gateway import until

HOLD = """
import fcntl, os, sys
held = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT, 0o600)
fcntl.flock(held, fcntl.LOCK_EX)
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def confined(installation, tmp_path):
    """Not serving yet; whatever it is, modes bind it."""
    made = Confined(installation, AS_OTHERS, tmp_path / "serve.log")
    yield made
    installation.folder.chmod(0o700)
    assert made.stop() == 0, made.log.read_text()


@contextlib.contextmanager
def read_only(installation):
    """Neither the files nor their folder may be written."""
    files = list(installation.folder.glob("token-gateway.db*"))
    for path in files:
        path.chmod(0o400)
    installation.folder.chmod(0o500)
    try:
        yield
    finally:
        installation.folder.chmod(0o700)
        for path in files:
            path.chmod(0o600)


def test_a_database_that_may_not_be_written_serves_checks_and_refuses_changes_until_it_may(confined):
    installation = confined.installation
    known, cold = installation.token("known"), installation.token("cold")
    confined.start()
    assert confined.ask(known)[0] == 200
    with read_only(installation):
        assert confined.ask(known)[0] == 200
        assert confined.ask(cold)[0] == 200
        done = confined.command("token", "revoke", handle(known))
        assert done.returncode != 0
        assert "permission" in done.stderr.lower(), done.stderr
        assert "Traceback" not in done.stderr
        assert end_by_api(confined, known) == 503
        assert confined.ready() == 200
        until(lambda: "usage not written" in confined.events(), "what was counted is to be written every 10 s")
        assert confined.ask(known)[0] == 200
    assert installation.run("token", "revoke", handle(known)).code == 0
    assert confined.ask(known)[0] == 401
    assert confined.stop() == 0
    assert dict(installation.rows("SELECT name, total FROM usage JOIN tokens ON id = token_id")) == {
        "known": 3,
        "cold": 1,
    }


def test_a_database_that_another_program_holds_locked_refuses_changes_and_no_check(serving):
    token = serving.installation.token()
    assert serving.ask(token)[0] == 200
    with contextlib.closing(sqlite3.connect(serving.installation.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for _ in range(20):
            assert serving.ask(token)[0] == 200
        done = serving.installation.run("token", "revoke", handle(token))
        assert done.code != 0
        assert "locked by another program" in done.err
        assert serving.ask(token)[0] == 200
        other.execute("ROLLBACK")
    serving.installation.ok("token", "revoke", handle(token))
    assert serving.ask(token)[0] == 401
    assert serving.stop() == 0
    assert serving.installation.rows("SELECT total FROM usage") == [(22,)]


def test_a_writer_that_hangs_in_the_middle_delays_changes_only_so_long_and_no_check(serving):
    """As with a disk that is too slow: the lock is held, and nothing comes of it."""
    token = serving.installation.token()
    lock = f"{serving.installation.database}.lock"
    writer = subprocess.Popen([sys.executable, "-c", HOLD, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"taken\n"
    os.kill(writer.pid, signal.SIGSTOP)
    try:
        said = []
        revoking = threading.Thread(
            target=lambda: said.append(serving.installation.run("token", "revoke", handle(token)))
        )
        revoking.start()
        passed = 0
        while revoking.is_alive():
            assert serving.ask(token)[0] == 200, "and nobody was told that it is revoked"
            passed += 1
        assert passed > 20
        assert said[0].code != 0
        assert "another process has been writing for 5 s; try again" in said[0].err
    finally:
        os.kill(writer.pid, signal.SIGCONT)
        writer.communicate(b"")
    serving.installation.ok("token", "revoke", handle(token))
    assert serving.ask(token)[0] == 401


class TestKeyFile:
    """The key file is read at the start, and needed by whoever starts."""

    @pytest.fixture
    def two(self, installation):
        """Two workers."""
        made = Serving(installation, "--workers", "2")
        made.start()
        yield made
        assert made.stop() == 0, made.log.read_text()

    def test_removed_while_it_runs_what_runs_goes_on_and_what_starts_comes_when_it_is_back(self, two):
        key, away = two.installation.folder / "token-gateway.key", two.installation.folder / "away"
        known, cold, third = (two.installation.token(name) for name in ("known", "cold", "third"))
        assert two.ask(known)[0] == 200
        key.rename(away)
        assert two.ask(cold)[0] == 200, "the key is in memory"
        done = two.installation.run("token", "revoke", handle(cold))
        assert done.code != 0
        assert str(key) in done.err
        assert "token-gateway key new" in done.err
        assert end_by_api(two, third) == 200
        assert two.ask(third)[0] == 401
        victims = self.workers(two)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        until(lambda: "a process has ended, starting it again" in two.events(), "the parent sees it")
        away.rename(key)
        until(lambda: two.ready() == 200, "a worker is there again")
        assert two.ask(known)[0] == 200
        two.installation.ok("token", "revoke", handle(cold))
        assert two.ask(cold)[0] == 401

    @staticmethod
    def workers(serving):
        from tests.process.test_workers import workers_of

        return list(workers_of(serving).values())
