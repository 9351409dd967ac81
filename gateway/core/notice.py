"""When is somebody told that something of theirs ends soon?

Once at each stage, such as 30, 7 and 1 days before. Whoever comes late tells the nearest stage alone: three mails at
once after a long outage tell nothing that one does not.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta


def stage_due(stages: Iterable[timedelta], *, began: datetime, ends_at: datetime, now: datetime) -> timedelta | None:
    """The nearest stage that `now` has reached; None when there is none, or nothing to tell any more.

    A stage within the first quarter of the life is passed over: who makes a token for a month knows that it lasts a
    month.
    """
    left, life = ends_at - now, ends_at - began
    if left <= timedelta(0):
        return None
    return min((stage for stage in stages if left <= stage and 4 * stage <= 3 * life), default=None)
