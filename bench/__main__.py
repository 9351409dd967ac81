"""`python -m bench`: measure everything, write docs/benchmarks.md and its drawing. QUICK=1: less, and only print."""

import os
import sys
import tempfile
import time
from pathlib import Path

from bench.figures import Results
from bench.loader import CONNECTIONS
from bench.plot import Dot, Group, drawing
from bench.report import page
from bench.rows import Scale
from bench.run import run
from bench.servers import cores, on_core

DOCS = Path(__file__).parents[1] / "docs"
BUSY = 0.1  # of the machine in other hands, and latencies and the start are no longer the gateway's own
TITLE = "CPU time, as a ratio to nginx"


def main() -> None:
    """Run it, in a folder that is gone afterwards."""
    quick = os.environ.get("QUICK", "") not in {"", "0"}
    began = time.monotonic()

    def tell(words: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {words}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="token-gateway-bench-") as folder, on_core(cores()[1]):
        results = run(Path(folder), Scale.quick() if quick else Scale(), tell)
    if results.others > BUSY:
        tell(f"other programs took {results.others * 100:.0f} % of the machine: run it again when it is quiet")
    written = page(results, connections=CONNECTIONS)
    if quick:
        print(written)
        return
    (DOCS / "benchmarks.md").write_text(written, "utf-8")
    (DOCS / "benchmarks.svg").write_text(drawing(TITLE, groups(results)), "utf-8")
    print(DOCS / "benchmarks.md")


def groups(results: Results) -> list[Group]:
    """The tables, as the drawing shows them: what is not the gateway's own in grey."""
    return [
        Group(
            f"{table.title}, to {table.ratio_to}",
            tuple(Dot(row.name.replace("`", ""), row.ratio, _is_ours(row.key)) for row in table.rows),
        )
        for table in results.tables
        if table.is_drawn
    ]


def _is_ours(key: str) -> bool:
    return not key.startswith("constant") and not key.endswith(("-open", "-apr1", "-bcrypt", "-floor"))


if __name__ == "__main__":
    main()
