"""What a round does, said by its seed alone: who is killed, and in the middle of what."""

import random
from dataclasses import dataclass
from typing import Final

WORKER, PORTAL, PARENT, COMMAND, STARTING = "a worker", "the portal", "the parent", "a command", "a start"
CHANGES, FLUSH, RELOAD, MIGRATE = "changes by the API", "a flush", "a reload", "a migration"
CREATE, ROTATE, REVOKE = "create", "rotate", "revoke"
EVERY: Final = (
    (PARENT, CHANGES),
    (PORTAL, CHANGES),
    (COMMAND, CREATE),
    (WORKER, FLUSH),
    (STARTING, MIGRATE),
    (PORTAL, CHANGES),
    (COMMAND, ROTATE),
    (PARENT, FLUSH),
    (WORKER, RELOAD),
    (COMMAND, REVOKE),
    (PARENT, RELOAD),
    (WORKER, CHANGES),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """One round. `draw` gives every moment in it."""

    seed: int
    victim: str
    amid: str
    draw: random.Random

    def __str__(self) -> str:
        return f"seed {self.seed}: {self.victim} killed amid {self.amid}"


def plan(seed: int) -> Plan:
    """The round with this seed. Any twelve in a row have each of `EVERY`."""
    victim, amid = EVERY[seed % len(EVERY)]
    return Plan(seed, victim, amid, random.Random(seed))
