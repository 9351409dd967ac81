"""`make proof`: many rounds of kill -9; the result goes to docs/assurance.md.

Exit code 1, and the page stays as it is, when something that was acknowledged was lost once.
"""

import argparse
import os
import platform
import sqlite3
import subprocess
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context

from tests.proof.crash.block import block
from tests.proof.crash.rounds import Result
from tests.proof.page import PAGE, put

NAME = "crash"
AT_ONCE, BLOCK = 2, 25  # gateways at the same time, and rounds that one installation goes through


def main() -> int:
    """Run, judge, write."""
    parser = argparse.ArgumentParser(prog="make proof", description="The proof of kill -9.")
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=40.0, help="no new round after so many")
    parser.add_argument("--print", action="store_true", help="print the section, and leave the page")
    given = parser.parse_args()
    first = int(os.environ.get("CRASH_SEED", "") or time.time() // 1000 * 1000)
    print(f"CRASH_SEED={first}, {given.rounds} rounds, at most {given.minutes:g} minutes", flush=True)
    end = time.monotonic() + 60 * given.minutes
    blocks = [range(at, min(at + BLOCK, first + given.rounds)) for at in range(first, first + given.rounds, BLOCK)]
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        done = list(pool.map(block, blocks, [end] * len(blocks)))
    faults = [fault for _, fault in done if fault]
    total = _sum([result for result, _ in done])
    written = _section(total, first)
    for fault in faults:
        print(fault)
    if given.print or faults:
        print(written)
    else:
        PAGE.write_text(put(PAGE.read_text("utf-8"), NAME, written), "utf-8")
        print(f"wrote {PAGE.name}")
    return 1 if faults else 0


def _sum(results: list[Result]) -> Result:
    total = Result(kinds=Counter())
    for one in results:
        total.rounds += one.rounds
        total.answered += one.answered
        total.unanswered += one.unanswered
        total.uses += one.uses
        total.in_time += one.in_time
        total.kinds += one.kinds
    return total


def _section(total: Result, first: int) -> str:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=PAGE.parent, capture_output=True, text=True)
    versions = (
        f"commit {commit.stdout.strip() or 'unknown'}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, Linux {platform.release().split('-')[0]}"
    )
    kinds = "\n".join(f"| {kind} | {times:,} |" for kind, times in sorted(total.kinds.items()))
    return f"""\
**{datetime.now(UTC):%Y-%m-%d %H:%M} UTC**, {versions}, {os.cpu_count()} processors shared with other work.
First seed {first}.

{total.rounds:,} rounds: {total.answered:,} changes were acknowledged, {total.unanswered:,} were cut off without an
answer and sent again, {total.uses:,} checks were asked. **Acknowledged and lost: 0. Databases that did not open: 0.
Audit chains that did not verify: 0.** Of the kills of commands, flushes and migrations, {total.in_time:,} came
before the work was over.

| Who was killed, amid what | Rounds |
|---|---:|
{kinds}
"""


if __name__ == "__main__":
    raise SystemExit(main())
