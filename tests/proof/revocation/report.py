"""What the proof found, as the section of docs/assurance.md."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from tests.proof.revocation.faults import KILL, LOCK, STOP
from tests.proof.revocation.plan import API, COMMAND, IN_PROCESS
from tests.proof.revocation.proof import Result
from tests.proof.revocation.roster import KINDS


def section(results: Sequence[Result], *, seed: int, asked: int, date: str, versions: str) -> str:
    """Markdown, from the heading on. `asked`: how many rounds there were to be."""
    tallies = [result.tally for result in results]
    rows = [
        ("rounds", [result.rounds for result in results]),
        ("rights taken away", [result.taken for result in results]),
        ("checks sent", [one.checks for one in tallies]),
        ("of these, while the right was there", [one.before for one in tallies]),
        ("**of these, wrongly refused**", [len(one.refused_before) for one in tallies]),
        ("of all, first byte sent after the call had returned", [one.after for one in tallies]),
        ("**of these, allowed**", [len(one.allowed_after) for one in tallies]),
        *((f"after, {way}", [one.ways[way] for one in tallies]) for way in sorted(tallies[0].ways)),
        ("answered as the very same head was before", [round(result.repeated) for result in results]),
        ("`unavailable`", [one.unavailable for one in tallies]),
        ("connections lost with a killed worker", [one.resets for one in tallies]),
        ("without an answer", [one.unanswered for one in tallies]),
        *((f"rounds with {fault}", [result.faults[fault] for result in results]) for fault in (STOP, KILL, LOCK)),
        ("seconds", [round(result.seconds) for result in results]),
    ]
    fewer = f" Of {asked:,} rounds asked for: the time was up." if min(one.rounds for one in results) < asked else ""
    heads = [f"{one.workers} worker{'s' * (one.workers > 1)}" for one in results]
    return "\n".join(
        (
            "### The last run",
            "",
            f"{date}; {versions}. Seeds {seed} to {seed + max(one.rounds for one in results) - 1}.{fewer}",
            "",
            _table(("", *heads), [(name, *(f"{value:,}" for value in values)) for name, values in rows]),
            "",
            "How long the calls took, in milliseconds (median, slowest, and how many), from when they were made to",
            "when they returned; rounds in which somebody else held the write lock are left out:",
            "",
            _table(("", IN_PROCESS, API, f"{COMMAND}, a process each"), _times(results)),
            "",
        )
    )


def _times(results: Sequence[Result]) -> list[tuple[str, ...]]:
    took: dict[tuple[str, str], list[float]] = defaultdict(list)
    for result in results:
        for key, values in result.took_s.items():
            took[key] += values
    return [
        (kind.name, *(_summary(took.get((kind.name, door), [])) for door in (IN_PROCESS, API, COMMAND)))
        for kind in KINDS
    ]


def _summary(seconds: list[float]) -> str:
    return f"{median(seconds) * 1000:.0f}, {max(seconds) * 1000:.0f} ({len(seconds)})" if seconds else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---", *("---:" for _ in heads[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
