"""Writing down sign-ins that failed: one audit row for each cause and minute, so that guessing fills no disk.

Nobody waits for it: how long an answer takes must not say whether a name is known.
"""

import asyncio
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from gateway.auth.desk import Desk
from gateway.store import SignedInBy, StoreError

KEPT = 1024  # causes of this minute that are counted
EVERY = timedelta(minutes=1)


class Cause(NamedTuple):
    """What failed. `owner_id`: of a known person, else empty. `reason` and `login`: of the single sign-on alone."""

    how: SignedInBy
    owner_id: str = ""
    login: str = ""
    reason: str = ""


class SignInNotes:
    """The failures of one process. In one event loop; close it there."""

    def __init__(self) -> None:
        self._counted: OrderedDict[Cause, tuple[datetime, int]] = OrderedDict()
        self._writing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Write down what is not written yet."""
        if self._writing:
            await asyncio.wait(self._writing)

    def note(self, desk: Desk, cause: Cause, *, address: str) -> None:
        """Write it down, or count it for the row that the next minute begins with."""
        now = desk.now()
        said_at, times = self._counted.pop(cause, (None, 0))
        if said_at is not None and timedelta(0) <= now - said_at < EVERY:
            self._counted[cause] = (said_at, times + 1)
            return
        self._counted[cause] = (now, 0)
        if len(self._counted) > KEPT:
            self._counted.popitem(last=False)
        task = asyncio.create_task(self._write(desk, cause, times + 1, address))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, desk: Desk, cause: Cause, times: int, address: str) -> None:
        try:
            async with desk.store.change(actor="", address=address) as change:
                if cause.owner_id:
                    await change.note_refused_sign_in(cause.owner_id, times=times, reason=cause.reason)
                else:
                    change.note_refused_stranger(cause.login, times=times, reason=cause.reason)
        except StoreError:  # away, full, or the person was deleted meanwhile: the next one says how often it was
            said_at, more = self._counted.pop(cause, (desk.now(), 0))
            self._counted[cause] = (said_at, more + times)
