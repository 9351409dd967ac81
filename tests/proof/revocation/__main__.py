"""`make proof`: many rounds with 1 and with 4 workers at the same time; the result goes to docs/assurance.md.

Exit code 1, and the page stays as it is, when the promise was not kept once.
"""

import argparse
import os
import platform
import sqlite3
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

from tests.proof.page import PAGE, put
from tests.proof.revocation.report import section
from tests.proof.revocation.run import faults_in, run

NAME = "revocation"
WORKERS = (1, 4)


def main() -> int:
    """Run, judge, write."""
    parser = argparse.ArgumentParser(prog="make proof", description="The proof of revocation.")
    parser.add_argument("--rounds", type=int, default=1000, help="with each number of workers")
    parser.add_argument("--minutes", type=float, default=25.0, help="no new round after so many")
    parser.add_argument("--print", action="store_true", help="print the section, and leave the page")
    given = parser.parse_args()
    seed = int(os.environ.get("PROOF_SEED", "") or time.time() // 1000 * 1000)
    print(f"PROOF_SEED={seed}, {given.rounds} rounds with each of {WORKERS} workers, at most {given.minutes:g} minutes")
    with ProcessPoolExecutor(len(WORKERS), mp_context=get_context("spawn")) as pool:
        running = [pool.submit(run, workers, seed, given.rounds, given.minutes) for workers in WORKERS]
        results = [one.result() for one in running]
    faults = [fault for result in results for fault in faults_in(result)]
    for fault in faults:
        print(fault)
    date = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    written = section(results, seed=seed, asked=given.rounds, date=date, versions=_versions())
    if given.print or faults:
        print(written)
    else:
        PAGE.write_text(put(PAGE.read_text("utf-8"), NAME, written), "utf-8")
        print(f"wrote {PAGE.name}")
    return 1 if faults else 0


def _versions() -> str:
    root = Path(__file__).parents[3]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True)
    gateway = f"commit {commit.stdout.strip()}" if commit.returncode == 0 else "no commit known"
    return (
        f"{gateway}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        f"Linux {platform.release().split('-')[0]}, {os.cpu_count()} processors, load {os.getloadavg()[1]:.1f}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
