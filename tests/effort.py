"""How many examples a property is tried with: as many as its test says, or a multiple of that in `make fuzz`."""

import os

FACTOR = "FUZZ_FACTOR"


def examples(count: int) -> int:
    """`count`, or the multiple that the environment asks for."""
    return max(1, round(count * float(os.environ.get(FACTOR, "1"))))
