"""Fifty seeded rounds of kill -9: the database opens, nothing acknowledged is lost, the audit chain verifies.

`make proof` runs a thousand. `CRASH_SEED=n` repeats one round.
"""

import os

import pytest

from tests.proof.crash.plan import plan
from tests.proof.crash.rounds import crashing

ROUNDS, AT_ONCE = 50, 25
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
