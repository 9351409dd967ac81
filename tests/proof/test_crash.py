"""Fifty seeded rounds of kill -9: the database opens, nothing acknowledged is lost, the audit chain verifies.

`make proof` runs a thousand. `CRASH_SEED=n` repeats one round.
"""

import os
import sqlite3
from contextlib import closing
from random import Random

import pytest

from tests.installation import handle
from tests.proof.crash.clients import Client, Kept
from tests.proof.crash.plan import plan
from tests.proof.crash.rounds import crashing

ROUNDS, AT_ONCE = 50, 10
ONE = os.environ.get("CRASH_SEED")
BLOCKS = [range(int(ONE), int(ONE) + 1)] if ONE else [range(at, at + AT_ONCE) for at in range(0, ROUNDS, AT_ONCE)]


@pytest.mark.parametrize("seeds", BLOCKS, ids=str)
def test_whoever_is_killed_at_whatever_moment_nothing_acknowledged_is_lost(seeds, tmp_path):
    with crashing(tmp_path) as crashes:
        for seed in seeds:
            try:
                crashes.round(seed)
            except Exception as error:
                raise AssertionError(f"{plan(seed)}; again: CRASH_SEED={seed}") from error
    assert crashes.result.rounds == len(seeds)


def test_the_rounds_find_what_is_lost_or_back_or_half_written(tmp_path):
    """Each is done to a whole database by hand, found, and taken back."""
    with crashing(tmp_path) as crashes:
        crashes.round(1)
        gateway = crashes._gateway
        database = gateway.installation.database
        kept = Client(gateway, crashes._admin, Random(1)).make()
        crashes._kept.append(Kept("pretended to be revoked", None, [kept.secret]))
        with pytest.raises(AssertionError, match="back again"):
            crashes.look_at_all()
        crashes._kept[-1] = Kept("pretended to be there", kept.secret)
        gateway.installation.ok("token", "revoke", handle(kept.secret))
        with pytest.raises(AssertionError, match="promised, and lost"):
            crashes.look_at_all()
        crashes._kept.pop()
        token_id = handle(gateway.installation.token("never used")).partition("_")[2]
        for harm, undo in (
            (
                "UPDATE audit SET address = 'harmed' || address WHERE seq = 2",
                "UPDATE audit SET address = substr(address, 7) WHERE seq = 2",
            ),
            ("UPDATE meta SET feed_seq = feed_seq + 1", "UPDATE meta SET feed_seq = feed_seq - 1"),
            ("UPDATE meta SET audit_seq = audit_seq + 1", "UPDATE meta SET audit_seq = audit_seq - 1"),
            (
                f"UPDATE usage SET total = 5 WHERE token_id = '{token_id}'",
                f"UPDATE usage SET total = 0 WHERE token_id = '{token_id}'",
            ),
        ):
            change(database, harm)
            with pytest.raises(AssertionError):
                crashes.look()
            change(database, undo)
            crashes.look()
        crashes._counted[0] += 1
        with pytest.raises(AssertionError, match="neither lost"):
            crashes.look()
        crashes._counted[0] -= 1


def change(database, statement):
    with closing(sqlite3.connect(database, timeout=10)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
