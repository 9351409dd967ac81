"""argon2 under siege, in a serving process: what is planted is not run, and passwords keep no token waiting."""

import http.client
import json
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.crowd import head
from tests.installation import handle
from tests.process.serving import Serving
from tests.proof.crash.gateway import until

HOST = "gateway.example.org"
GUESSERS = 8


def plant(installation, token, hashed):
    """What somebody could do who writes into the database, and has no key."""
    with closing(sqlite3.connect(installation.database, timeout=10)) as database, database:
        changed = database.execute(
            "UPDATE secrets SET hash = ? WHERE token_id = ?", (hashed, handle(token).partition("_")[2])
        )
        assert changed.rowcount == 1


def peak_mb(serving):
    lines = Path(f"/proc/{serving.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


@pytest.mark.parametrize("costs", ["m=4194304,t=1,p=1", "m=8192,t=100000,p=1", "m=2097152,t=1,p=8"])
def test_a_planted_hash_of_4_gib_or_of_hours_is_refused_without_being_run(installation, costs):
    token, good = installation.token("planted"), installation.token("good")
    ((hashed,),) = installation.rows(f"SELECT hash FROM secrets WHERE token_id = '{handle(token).partition('_')[2]}'")
    plant(installation, token, hashed.replace("m=8192,t=1,p=1", costs))
    serving = Serving(installation)
    serving.start()
    try:
        before = peak_mb(serving)
        began = time.monotonic()
        assert serving.ask(token)[0] == 401
        assert time.monotonic() - began < 10
        assert serving.ask(good)[0] == 200
        assert peak_mb(serving) - before < 100
        (line,) = [one for one in serving.lines() if one["event"] == "token not usable"]
        assert "above the ceiling" in str(line["detail"])
        assert hashed not in serving.log.read_text()
    finally:
        assert serving.stop() == 0


class Guesser:
    """Signs in with wrong passwords, from ever other networks, as fast as it is answered."""

    def __init__(self, serving, number):
        self.serving, self.number, self.answers = serving, number, []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        tried = 0
        while not self.stop.is_set():
            tried += 1
            self.answers.append(self.sign_in(f"10.{self.number}.{tried % 200}.{tried // 200}"))

    def sign_in(self, address):
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.portal, timeout=30)
        try:
            headers = {
                "Host": HOST,
                "Origin": f"https://{HOST}",
                "Content-Type": "application/json",
                "X-Forwarded-For": address,
            }
            body = json.dumps({"login": "alice", "password": "a wrong one, of course"})
            connection.request("POST", "/api/v1/session", body, headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def test_whoever_guesses_passwords_as_fast_as_they_can_keeps_no_token_waiting(serving):
    """Two pools: theirs is full and says so; tokens that were never seen before are read and hashed all the same."""
    cold = [serving.installation.token(f"cold {number}") for number in range(12)]
    guessers = [Guesser(serving, number) for number in range(GUESSERS)]
    for one in guessers:
        one.thread.start()
    try:
        until(lambda: sum(len(one.answers) for one in guessers) > 2 * GUESSERS, "they are at it")
        answered = [serving.ask(token)[0] for token in cold]
        known = [serving.ask(token)[0] for token in cold * 5]
    finally:
        for one in guessers:
            one.stop.set()
        for one in guessers:
            one.thread.join(30)
    assert set(answered) == set(known) == {200}
    statuses = {status for one in guessers for status in one.answers}
    assert statuses <= {403, 429, 503}, statuses
    assert 403 in statuses, "some of them were hashed"


def test_a_thousand_checks_of_one_cold_token_at_once_are_all_answered_and_counted(serving):
    token = serving.installation.token()
    crowd = [http.client.HTTPConnection("127.0.0.1", serving.check, timeout=30) for _ in range(200)]
    for one in crowd:
        one.connect()
    for one in crowd:
        one.sock.sendall(head(token) * 5)
    for one in crowd:
        got = b""
        while got.count(b"HTTP/1.1 200") < 5:
            piece = one.sock.recv(65536)
            assert piece, got
            got += piece
        one.close()
    assert serving.stop() == 0
    assert serving.installation.rows("SELECT total FROM usage") == [(1000,)]
