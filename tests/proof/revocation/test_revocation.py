"""Nothing passes whose right was taken away before it was asked, and nothing valid is refused because of it."""

import asyncio
import os

import pytest

from tests.proof.revocation.mutants import MUTANTS
from tests.proof.revocation.run import faults_in, rounds

ROUNDS = 50
SEED = int(os.environ.get("PROOF_SEED", "") or 0)
TRIES = 4  # rounds in which a gateway that breaks the promise has to be found


@pytest.mark.parametrize("workers", [1, 4])
def test_no_check_sent_after_a_call_returned_is_allowed_and_no_valid_token_is_refused(installation, workers):
    """`PROOF_SEED=n`, as a failure prints it, begins with that round; the same in many rounds: `make proof`."""
    result = asyncio.run(rounds(installation, workers=workers, seed=SEED, count=ROUNDS))
    assert faults_in(result) == []
    tally = result.tally
    assert min(tally.ways.values()) > 10 * ROUNDS, "of each way, enough checks were sent after"
    assert result.repeated > 10 * ROUNDS, "heads that were sent again met the memory of repeated heads"
    assert (result.rounds, result.faults["a worker killed"], result.faults["the write lock held"]) == (ROUNDS, 1, 2)


@pytest.mark.parametrize(("name", "words"), MUTANTS.items(), ids=list(MUTANTS))
def test_a_gateway_that_breaks_the_promise_is_found(installation, tmp_path, monkeypatch, name, words):
    (tmp_path / "sitecustomize.py").write_text(words)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    result = asyncio.run(rounds(installation, workers=1, seed=1, count=TRIES))
    tally = result.tally
    found = tally.refused_before if name.startswith("refuses") else tally.allowed_after
    assert found
    assert any("PROOF_SEED=" in words for words in faults_in(result))
