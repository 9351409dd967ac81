"""Round after round of kill -9: what was answered holds, what was not is whole or not there, and everything opens.

A round: work goes on, somebody is killed at a moment that the seed says, the gateway comes back, and then

    the database is whole, its feed and its audit have no gap, the audit chain verifies
    every token of the round passes or not as its client was told; a few older ones, too
    a request without an answer is sent again with its key, and makes neither a second token nor a second secret
    uses are written all or none, never fewer than before, never more than there were
"""

import contextlib
import http.client
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.installation import Installation, an_installation, handle
from tests.proof.crash import commands, migrating, plan
from tests.proof.crash.clients import Client, Kept
from tests.proof.crash.gateway import Gateway, is_there, kill, until

CLIENTS, USED, TIMES = 3, 5, 7  # the tokens: USED that are used amid changes, and as many amid flushes
AMID_S = (0.05, 0.5)  # after the work has begun
FLUSH_S = 0.16  # from SIGTERM or the parent's death to the end of a worker's last write
RELOAD_S = 0.15


@dataclass(slots=True)
class Result:
    """What came of rounds. `in_time`: kills of which is known that the work was not over; the others may have been."""

    rounds: int = 0
    answered: int = 0
    unanswered: int = 0
    uses: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    in_time: int = 0


class Crashes:
    """One installation, its gateway, and everything that was promised about it."""

    def __init__(self, gateway: Gateway, admin: str, used: list[str], older: Installation, scratch: Path) -> None:
        self._gateway, self._admin, self._used, self._older, self._scratch = gateway, admin, used, older, scratch
        self._kept: list[Kept] = []
        self._sent = [0] * len(used)  # checks that passed, or were not answered
        self._counted = [0] * len(used)
        self.result = Result()

    def round(self, seed: int) -> None:
        """One round. Its clients go on where the last ones ended."""
        planned = plan.plan(seed)
        match planned.amid:
            case plan.CHANGES:
                self._amid_changes(planned)
            case plan.FLUSH:
                self._amid_flush(planned)
            case plan.RELOAD:
                self._amid_reload(planned)
            case plan.MIGRATE:
                folder = self._scratch / f"migrating-{seed}"
                self.result.in_time += migrating.crash(self._older, folder, planned.draw)
            case _:
                self._amid_command(planned)
        if planned.amid != plan.MIGRATE:
            self.look()
        self.result.rounds += 1
        self.result.kinds[f"{planned.victim} amid {planned.amid}"] += 1

    def look(self) -> None:
        """See that the database is whole, and that nobody's uses were lost or invented."""
        rows = self._gateway.installation.rows
        assert rows("PRAGMA integrity_check") == [("ok",)]
        assert rows("PRAGMA foreign_key_check") == []
        ((feed, audit),) = rows("SELECT feed_seq, audit_seq FROM meta")
        assert rows("SELECT count(*), max(seq) FROM audit") == [(audit, audit)]
        assert rows("SELECT count(*), max(seq) FROM change_feed") == [(feed, feed)]
        days = "SELECT token_id, sum(total) FROM usage_days GROUP BY token_id ORDER BY token_id"
        assert rows(days) == rows("SELECT token_id, total FROM usage WHERE total > 0 ORDER BY token_id")
        self._gateway.installation.ok("audit", "verify")
        counted = self._totals()
        for old, new, sent in zip(self._counted, counted, self._sent, strict=True):
            assert old <= new <= sent, "uses are neither lost once they are written, nor invented"
        self._counted = counted

    def look_at_all(self) -> None:
        """Ask for every token of every round once more."""
        for kept in self._kept:
            self._ask_for(kept)

    # --- what is killed amid what ---

    def _amid_changes(self, planned: plan.Plan) -> None:
        gateway, draw = self._gateway, planned.draw
        clients = [Client(gateway, self._admin, random.Random(draw.random())) for _ in range(CLIENTS)]
        stop = threading.Event()
        running = [threading.Thread(target=one.run, args=(stop,)) for one in clients]
        running.append(threading.Thread(target=self._check, args=(stop, random.Random(draw.random()))))
        for thread in running:
            thread.start()
        time.sleep(draw.uniform(*AMID_S))
        if planned.victim == plan.PARENT:
            orphans = list(gateway.children().values())
            gateway.kill_parent()
            if draw.random() < 0.5:
                time.sleep(draw.random() * 0.1)
                kill(*orphans)
            stop.set()
            until(lambda: not any(map(is_there, orphans)), "no child outlives the parent")
        else:
            kill(gateway.children()["portal"] if planned.victim == plan.PORTAL else draw.choice(gateway.workers()))
            time.sleep(0.02)
            stop.set()
        for thread in running:
            thread.join(30)
            assert not thread.is_alive()
        gateway.come_back()
        time.sleep(0.12)  # some did not wait for the bound
        for client in clients:
            self._settle(client)

    def _amid_flush(self, planned: plan.Plan) -> None:
        """All of a worker's counts are written, or none."""
        gateway = self._gateway
        old = self._totals()[USED:]
        self._use(*range(USED, 2 * USED), times=TIMES)  # on one connection, so by one worker
        before, workers = self._totals(), gateway.workers()
        children = list(gateway.children().values())
        if planned.victim == plan.PARENT:
            gateway.kill_parent()
        else:
            for pid in workers:
                kill_softly(pid)
        time.sleep(planned.draw.random() * FLUSH_S)
        kill(*workers)
        until(lambda: not any(map(is_there, workers)), "the killed are gone")
        if planned.victim == plan.PARENT:
            kill(*children)
        gateway.come_back()
        written, before, whole = self._totals()[USED:], before[USED:], [count + TIMES for count in old]
        assert written in (before, whole), f"a part of a flush was written: {before}, {written}, {whole}"
        self.result.in_time += written == before != whole

    def _amid_reload(self, planned: plan.Plan) -> None:
        """What is in the file is in use in the end, in every process, whoever died while it was taken over."""
        gateway = self._gateway
        gateway.sign = planned.seed + 1
        gateway.write()
        answers: list[bytes] = []
        asking = threading.Thread(target=lambda: answers.append(gateway.ask_to_reload()))
        asking.start()
        time.sleep(planned.draw.random() * RELOAD_S)
        if planned.victim == plan.PARENT:
            children = list(gateway.children().values())
            gateway.kill_parent()
            until(lambda: not any(map(is_there, children)), "no child outlives the parent")
        else:
            kill(planned.draw.choice(gateway.workers()))
        gateway.come_back()
        asking.join(30)
        if planned.victim != plan.PARENT:
            assert b'"ok": true' in answers[0] or b'"ok":true' in answers[0], answers
        path = f"/sign/{gateway.sign}"
        until(lambda: {gateway.ask(self._admin, path)[0] for _ in range(12)} == {200}, "the file is in use")

    def _amid_command(self, planned: plan.Plan) -> None:
        client = Client(self._gateway, self._admin, planned.draw)
        kept = client.make()
        self.result.in_time += commands.crash(self._gateway, planned.amid, planned.draw, kept)
        self._kept.append(kept)
        self._ask_for(kept)

    # --- what was promised ---

    def _settle(self, client: Client) -> None:
        assert client.refused == [], client.refused
        begun = client.begun
        self.result.answered += client.answered
        if begun is not None:
            self.result.unanswered += 1
            if begun.what == plan.ROTATE and begun.kept is not None and begun.kept.secret is not None:
                token_id = handle(begun.kept.secret).partition("_")[2]
                rows = self._gateway.installation.rows(f"SELECT count(*) FROM secrets WHERE token_id = '{token_id}'")
                assert rows[0][0] >= 1, "a rotation that was cut off leaves one of the two"
            assert client.ask(), f"{begun} again: {client.refused}"
            if begun.what == plan.CREATE:
                rows = self._gateway.installation.rows(f"SELECT count(*) FROM tokens WHERE name = '{begun.name}'")
                assert rows == [(1,)], "a request that is sent again makes one token"
            time.sleep(0.12)
        for kept in client.kept:
            self._ask_for(kept)
        for kept in random.Random(len(self._kept)).sample(self._kept, min(4, len(self._kept))):
            self._ask_for(kept)
        self._kept += client.kept

    def _ask_for(self, kept: Kept) -> None:
        if kept.secret is not None:
            assert self._gateway.passes(kept.secret), f"{kept.name}: promised, and lost"
        for dead in kept.dead[-2:]:
            assert not self._gateway.passes(dead), f"{kept.name}: taken away, and back again"

    # --- uses ---

    def _check(self, stop: threading.Event, draw: random.Random) -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._use(draw.randrange(USED), times=3)
            time.sleep(0.002)

    def _use(self, *which: int, times: int) -> None:
        """Checks of each of these, on one connection."""
        facts = {"Method": "GET", "Uri": "/api/x", "Host": "app.example.org", "For": "192.0.2.7"}
        headers = {f"X-Forwarded-{name}": value for name, value in facts.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self._gateway.check, timeout=15)
        try:
            for at in which * times:
                self._sent[at] += 1
                self.result.uses += 1
                sent = headers | {"Authorization": f"Bearer {self._used[at]}"}
                status = 503
                while status == 503:  # `unavailable`: a busy machine has it asked again, and nothing was counted
                    connection.request("GET", "/check/traefik", headers=sent)
                    answer = connection.getresponse()
                    answer.read()
                    status = answer.status
                assert status == 200
        finally:
            connection.close()

    def _totals(self) -> list[int]:
        found = dict(self._gateway.installation.rows("SELECT token_id, total FROM usage"))
        return [found.get(handle(one).partition("_")[2], 0) for one in self._used]


def kill_softly(pid: int) -> None:
    """SIGTERM: it drains and writes."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)


@contextlib.contextmanager
def crashing(scratch: Path) -> Iterator[Crashes]:
    """A gateway to be killed; in the end it stops in order, with everything in its place."""
    installation = an_installation(scratch / "template", scratch / "gw")
    older = an_installation(scratch / "template", scratch / "older")
    migrating.make_older(older, scratch)
    gateway = Gateway(installation)
    gateway.write()
    admin = installation.token("admin", "alice", "gateway", "rest")
    used = [installation.token(f"used {number}") for number in range(2 * USED)]
    try:
        gateway.start()
        crashes = Crashes(gateway, admin, used, older, scratch)
        yield crashes
        crashes.look_at_all()
        assert gateway.stop() == 0, gateway.log.read_text()[-2000:]
        crashes.look()
    finally:
        if gateway.process is not None and gateway.process.poll() is None:
            gateway.stop()
        shutil.rmtree(scratch / "older", ignore_errors=True)
