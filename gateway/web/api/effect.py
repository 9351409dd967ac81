"""How far a change has come: answers say when it is effective everywhere; `?wait=false` asks not to wait for that."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from gateway.auth.desk import Desk, Effect
from gateway.web.api.model import Query, View
from gateway.web.api.operation import Ask


class WaitQuery(Query):
    """Whether to wait."""

    wait: bool = Field(default=True, description="false: answer at once, and say by when it is effective everywhere.")


class EffectView(View):
    """How far a change has come. Both null: nothing was taken away."""

    effective_after_s: float | None = Field(description="How long ago it was stored, when it is effective everywhere.")
    effective_everywhere_by: datetime | None = Field(
        description="By when it is effective everywhere, when it is not yet."
    )


def waiting(ask: Ask) -> Desk:
    """The desk, as patient as the query says."""
    return replace(ask.desk, waits=ask.query(WaitQuery).wait)


def effect_of(effect: Effect | None) -> dict[str, Any]:
    """The fields of `EffectView`."""
    is_done = effect is not None and effect.everywhere_by is None
    return {
        "effective_after_s": round(effect.waited_s, 3) if effect is not None and is_done else None,
        "effective_everywhere_by": None if effect is None else effect.everywhere_by,
    }
