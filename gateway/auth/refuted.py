"""What memory alone can say against a presented value."""

from typing import NamedTuple

from gateway.core.evidence import Rejected
from gateway.core.reason import Reason
from gateway.core.token import Parsed, handle


class Refuted(NamedTuple):
    """Why a presented value is no live secret of any token; `parsed` None: it is not spelled as one.

    The name of the token is made where somebody wants to tell it: of most refusals nobody does.
    """

    reason: Reason
    parsed: Parsed | None
    brand: str

    @property
    def handle(self) -> str:
        """The public name of the token that was meant, as far as the value says."""
        return "" if self.parsed is None else handle(self.brand, self.parsed.kind, self.parsed.id)

    def evidence(self) -> Rejected:
        """The same, for a decision."""
        return Rejected(reason=self.reason, handle=self.handle)
