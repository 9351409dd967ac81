"""Trading the promise of revocation for availability, for as long as the operator says."""

from datetime import timedelta

from gateway.auth.desk import Desk, Effect, effective
from gateway.auth.refused import Refused

LONGEST = timedelta(days=1)


async def set_serve_cached_for(desk: Desk, *, span: timedelta, actor: str, address: str = "") -> Effect | None:
    """Let hosts that cannot reach the store answer from what they remember, for so long; 0: they refuse.

    None when it was so already. A shorter span is effective everywhere only when the longer one is over: the effect
    says when. Refused: `bad_value`.
    """
    if not timedelta(0) <= span <= LONGEST:
        raise Refused("bad_value", field="span", message="at most 1d", mend="a worker that is cut off obeys nobody")
    async with desk.store.change(actor=actor, address=address) as change:
        changed = await change.set_serve_cached_for(span)
    return await effective(desk) if changed else None
