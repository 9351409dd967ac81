"""How long an Allow lasts by itself: until the first moment that a rule compares with."""

from datetime import datetime

from gateway.core.confirmation import confirmed_until
from gateway.core.evidence import Proven
from gateway.core.lifecycle import USES_LAG
from gateway.core.policy import Policy
from gateway.core.rt_token import RT_BCRYPT


def allowed_until(proven: Proven, policy: Policy) -> datetime | None:
    """From when on an Allow on this evidence may no longer hold though nothing was changed; None: it lasts.

    Every rule that compares with `now` has its moment here; a property test holds the two together.
    """
    token, secret = proven.token, proven.secret
    moments = [token.expires_at, secret.ends_at, confirmed_until(proven.owner, policy.reconfirm_every)]
    if token.idle is not None:
        moments.append((proven.quiet_since or token.created_at) + token.idle + USES_LAG)
    if secret.scheme == RT_BCRYPT:
        moments.append(policy.rt_until)
    return min((moment for moment in moments if moment is not None), default=None)
