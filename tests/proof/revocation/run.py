"""Rounds, one after the other, with one number of workers."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.installation import Installation, an_installation
from tests.proof.revocation.proof import Result, proving

MOST_UNAVAILABLE = 0.02  # of all checks


def faults_in(result: Result) -> list[str]:
    """Every sentence of the promise that does not hold; none, then it was kept."""
    tally, found = result.tally, []
    if tally.allowed_after:
        found.append(f"{len(tally.allowed_after)} checks allowed after: {'; '.join(tally.allowed_after[:5])}")
    if tally.refused_before:
        found.append(f"{len(tally.refused_before)} checks refused before: {'; '.join(tally.refused_before[:5])}")
    if tally.unanswered:
        found.append(f"{tally.unanswered} checks were not answered")
    if tally.unavailable > MOST_UNAVAILABLE * tally.checks:
        found.append(f"{tally.unavailable} of {tally.checks} checks found the gateway unavailable")
    if found:
        seeds = result.failed_seeds or ["any"]
        found.append(f"to repeat, with {result.workers} workers: PROOF_SEED={seeds[0]} ({len(seeds)} such rounds)")
    return found


async def rounds(
    installation: Installation,
    *,
    workers: int,
    seed: int,
    count: int,
    until: float = float("inf"),
    told: Callable[[Result], None] = lambda _: None,
) -> Result:
    """So many rounds with the seeds from `seed` on, fewer if it is `until` before (monotonic); `told` after each."""
    async with proving(installation, workers) as proof:
        for number in range(seed, seed + count):
            try:
                await proof.round(number)
            except Exception as error:
                error.add_note(f"with {workers} workers, PROOF_SEED={number}")
                raise
            told(proof.result)
            if time.monotonic() > until:
                break
    return proof.result


def run(workers: int, seed: int, count: int, minutes: float) -> Result:
    """The same in an installation of its own, with a line of progress now and then."""
    began = said = time.monotonic()

    def told(result: Result) -> None:
        nonlocal said
        if time.monotonic() - said < 15 and result.rounds != count:
            return
        said = time.monotonic()
        tally = result.tally
        print(
            f"workers {workers}: {result.rounds}/{count} rounds in {said - began:.0f} s, {tally.checks} checks, "
            f"{tally.after} of them after: {len(tally.allowed_after)} allowed; {len(tally.refused_before)} wrongly "
            f"refused, {tally.unavailable} unavailable",
            flush=True,
        )

    with tempfile.TemporaryDirectory(prefix="proof-") as folder:
        made = an_installation(Path(folder) / "template", Path(folder) / "gw")
        until = began + minutes * 60
        return asyncio.run(rounds(made, workers=workers, seed=seed, count=count, until=until, told=told))
