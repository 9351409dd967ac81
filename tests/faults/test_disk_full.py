"""A disk without a byte left: checks go on, no change is half done, and room is all that it takes to go on."""

import pytest

from tests.faults.confined import Confined, end_by_api
from tests.installation import Installation, handle
from tests.proof.crash.gateway import until


@pytest.fixture
def full(disk, installation, tmp_path):
    """A gateway on a small disk; fill it with `disk.fill()`."""
    disk.take(installation.folder)
    made = Confined(Installation(disk.place), disk.words, tmp_path / "serve.log")
    yield made
    assert made.stop() == 0, made.log.read_text()


def token(serving, name):
    done = serving.command("token", "create", "--user", "alice", "--name", name, "--scope", "rest")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def total(serving):
    return sum(count for (count,) in serving.rows("SELECT total FROM usage"))


def test_a_full_disk_stops_changes_and_no_check_and_passes(full, disk):
    known, cold = token(full, "known"), token(full, "cold")
    full.start()
    assert full.ask(known)[0] == 200
    disk.fill()
    changes, audit = full.rows("SELECT feed_seq, audit_seq FROM meta")[0]
    for _ in range(20):
        assert full.ask(known)[0] == 200
    assert full.ask(cold)[0] == 200, "also what has to be read first"
    done = full.command("token", "revoke", handle(known))
    assert done.returncode != 0
    assert "disk is full" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert end_by_api(full, known) == 503
    status, _, body = full.get(full.ops, "/health/ready")
    assert status == 200, body
    until(lambda: "usage not written" in full.events(), "what was counted is to be written every 10 s")
    assert full.ask(known)[0] == 200, "what was not stored is not so"
    assert full.rows("SELECT feed_seq, audit_seq FROM meta") == [[changes, audit]]
    disk.free()
    done = full.command("token", "revoke", handle(known))
    assert done.returncode == 0, done.stderr
    assert full.ask(known)[0] == 401
    assert full.ask(cold)[0] == 200
    assert full.stop() == 0
    assert total(full) == 24, "what could not be written was kept"
    assert full.rows("PRAGMA integrity_check") == [["ok"]]
    assert full.command("audit", "verify").returncode == 0


def test_a_start_on_a_full_disk_answers_checks_or_says_in_one_line_why_not(full, disk):
    known = token(full, "known")
    disk.fill()
    process = full.begin()
    until(lambda: process.poll() is not None or full.ready() == 200, "it serves or has ended")
    words = full.log.read_text()
    if process.poll() is None:
        assert full.ask(known)[0] == 200
    else:
        assert process.returncode == 2
        assert (words.count("\n"), words.startswith("token-gateway: ")) == (1, True), words
        assert "disk" in words
    disk.free()
    if process.poll() is not None:
        full.start()
    assert full.ask(known)[0] == 200
