"""A rate limit in one number: the generic cell rate algorithm (GCRA, ITU-T I.371), as a pure step.

The number is the moment until which what was taken so far fills the bucket. Time that passes empties it by itself, so
nothing has to be swept.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`burst` at once, and one more every `period_s` seconds."""

    burst: int
    period_s: float


def take(filled_until: float, now: float, rate: Rate) -> float | None:
    """Take one: the new number, or None when the bucket is full. 0 is an empty bucket."""
    filled = max(filled_until, now) + rate.period_s
    return None if filled > now + rate.burst * rate.period_s else filled


def give_back(filled_until: float, rate: Rate) -> float:
    """As if one had not been taken."""
    return filled_until - rate.period_s
