"""The task that mails: looks every half minute for what happened, every quarter of an hour for what ends soon.

Any number of processes of a store may have one: the outbox sees to it that each mail is sent by one of them.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable

from gateway.auth.desk import Desk
from gateway.auth.mail.news import queue_news
from gateway.auth.mail.outbox import Sending, queue_endings, send_due
from gateway.store import StoreError

INTERVAL_S = 30.0
ENDINGS_EVERY_S = 900.0
AT_ONCE = 200  # mails in one round, so that what was counted is seen, and a stop need not wait
STOP_S = 5.0  # how long a mail that is under way is waited for at the end; the next start sends it again


class Postman:
    """Mails for one installation, as long as its configuration has `mail`. `desk` gives the settings of the moment."""

    def __init__(self, desk: Callable[[], Desk], *, fault: Callable[[str], None]) -> None:
        self.sent = self.failed = self.given_up = self.waiting = 0
        self._desk = desk
        self._fault = fault
        self._looked_at: float | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Mail until `stop` is set."""
        while not stop.is_set():
            work = asyncio.create_task(self.round())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=STOP_S)
            stopped.cancel()
            if not work.done():
                work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL_S)

    async def round(self) -> None:
        """Look once, and send what is due."""
        desk = self._desk()
        if desk.settings.mail is None:
            return
        try:
            await self._queue(desk)
            self._count(await send_due(desk, most=AT_ONCE))
            self.waiting = await desk.store.mails_waiting()
        except StoreError as error:
            self._fault(f"mails wait for the store: {error}")

    async def _queue(self, desk: Desk) -> None:
        _, too_many = await queue_news(desk)
        if too_many:
            self._fault(f"{too_many} mails were not queued: their owners got as many today as they may")
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at >= ENDINGS_EVERY_S:
            await queue_endings(desk)
            self._looked_at = now

    def _count(self, done: Sending) -> None:
        self.sent += done.sent
        self.failed += done.failed
        self.given_up += done.given_up
        for words in done.faults:
            self._fault(f"a mail was not taken and is tried again later: {words}")
