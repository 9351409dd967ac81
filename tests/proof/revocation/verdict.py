"""What each check ought to have been answered, by when the token's right was there and when it was taken away.

Three spans of a token's life, by the monotonic clock that all processes of a machine share:

    valid ........ taking_from ........ gone_from ........
    must pass      either               must not pass

`taking_from`: the call that takes something away was about to begin, or its moment (an expiry, the end of a grace)
about to come. `gone_from`: the call has returned, and its moment has come. A check belongs to the last span when its
first byte was sent in it, and to the first when it was answered in it.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import inf

from tests.proof.revocation.connection import Seen
from tests.proof.revocation.wire import Target

UNAVAILABLE = "unavailable"


@dataclass(slots=True, kw_only=True)
class Subject:
    """One secret in one round, what is asked with it, and what becomes of it. `what`: for people."""

    key: int
    what: str
    target: Target
    taking_from: float = inf
    gone_from: float = inf


@dataclass(slots=True)
class Tally:
    """What came of checks. `allowed_after` and `refused_before` have to be empty."""

    checks: int = 0
    before: int = 0
    after: int = 0
    unavailable: int = 0
    resets: int = 0
    unanswered: int = 0
    ways: Counter[str] = field(default_factory=Counter)  # of the checks sent after
    allowed_after: list[str] = field(default_factory=list)
    refused_before: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Both together."""
        self.checks += other.checks
        self.before += other.before
        self.after += other.after
        self.unavailable += other.unavailable
        self.resets += other.resets
        self.unanswered += other.unanswered
        self.ways += other.ways
        self.allowed_after += other.allowed_after
        self.refused_before += other.refused_before


def judge(subjects: Iterable[Subject], seen: Iterable[Seen]) -> tuple[Tally, Counter[int]]:
    """Judge every check; and how many were sent after each subject's right had gone."""
    by_key = {subject.key: subject for subject in subjects}
    tally, after = Tally(), Counter[int]()
    for one in seen:
        subject = by_key[one.key]
        tally.checks += 1
        tally.unavailable += one.reason == UNAVAILABLE
        if one.sent > subject.gone_from:
            tally.after += 1
            tally.ways[one.way] += 1
            after[one.key] += 1
            if one.status == 200:
                late_ms = (one.sent - subject.gone_from) * 1000
                tally.allowed_after.append(f"{subject.what}: allowed, sent {late_ms:.1f} ms after ({one.way})")
        elif one.answered < subject.taking_from:
            tally.before += 1
            if one.status != 200 and one.reason != UNAVAILABLE:
                tally.refused_before.append(f"{subject.what}: refused as {one.reason}, {one.status} ({one.way})")
    return tally, after
