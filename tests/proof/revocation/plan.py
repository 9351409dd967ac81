"""What one round does, all of it drawn from its seed."""

import random
from dataclasses import dataclass
from typing import Final

from tests.proof.revocation.faults import fault_of
from tests.proof.revocation.roster import KINDS, PRESENTED, Kind

CHANGES: Final = 5  # a round
SPREAD_S: Final = 0.06  # within which they begin
IN_PROCESS, API, COMMAND = "in process", "REST API", "command line"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change: what, through which door, how long after the round's begin."""

    kind: Kind
    door: str
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One round."""

    seed: int
    fault: str
    steps: tuple[Step, ...]


def plan(seed: int) -> Plan:
    """The round with this seed. In every fifth, one change is a command in a process of its own."""
    draw = random.Random(seed)
    kinds = draw.sample(KINDS, CHANGES)
    command = draw.randrange(CHANGES) if seed % 5 == 0 else None
    steps = []
    for number, kind in enumerate(kinds):
        door = API if draw.random() < 0.45 else IN_PROCESS
        if kind is PRESENTED:
            door = API
        elif number == command:
            door = COMMAND
        steps.append(Step(kind=kind, door=door, at_s=draw.random() * SPREAD_S))
    return Plan(seed=seed, fault=fault_of(seed), steps=tuple(steps))
