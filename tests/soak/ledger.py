"""What the load was answered: every Allow by its token, every refusal by its reason. One for each thread."""

from collections import Counter
from dataclasses import dataclass, field

from tests.installation import handle


@dataclass
class Ledger:
    """Answers that came back whole. `refused_at_portal`: tokens that the API did not take."""

    allowed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    stable_refused: Counter[str] = field(default_factory=Counter)
    malformed: int = 0
    dropped: int = 0
    refused_at_portal: int = 0
    api: Counter[int] = field(default_factory=Counter)

    def note(self, token: str, status: int, reason: str, *, is_stable: bool = False) -> None:
        """One answer to a check with a token."""
        if status == 200:
            self.allowed[handle(token)] += 1
            return
        self.refused[reason] += 1
        if is_stable:
            self.stable_refused[reason] += 1

    def __add__(self, other: "Ledger") -> "Ledger":
        return Ledger(
            self.allowed + other.allowed,
            self.refused + other.refused,
            self.stable_refused + other.stable_refused,
            self.malformed + other.malformed,
            self.dropped + other.dropped,
            self.refused_at_portal + other.refused_at_portal,
            self.api + other.api,
        )

    @property
    def checks(self) -> int:
        """Checks that were answered."""
        return sum(self.allowed.values()) + sum(self.refused.values())
