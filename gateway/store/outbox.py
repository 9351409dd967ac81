"""What is read for the sake of mails: who is to be told soon, and what the outbox holds."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from gateway.store import mails
from gateway.store.mails import Ending
from gateway.store.sqlite import SqliteEngine
from gateway.store.tables import mails as table


class OutboxReads:
    """The part of a `Store` that reads for mails."""

    _engine: SqliteEngine
    _now: Callable[[], datetime]

    async def tokens_ending(
        self, until: datetime, *, reconfirm_every: timedelta | None, after: Ending | None = None
    ) -> tuple[Ending, ...]:
        """A page of the tokens that can be used now and end by then, the first first; empty when there are no more."""
        last = None if after is None else (after.ends_at, after.token_id or "")
        statement = mails.tokens_ending(self._now(), until, reconfirm_every, last)
        return tuple(mails.ending(row, row.ends_at) for row in await self._engine.read(statement))

    async def confirmations_ending(
        self, until: datetime, *, reconfirm_every: timedelta, after: Ending | None = None
    ) -> tuple[Ending, ...]:
        """A page of the people with a token for whom the single sign-on's word ends by then, the first first."""
        last = None if after is None else (after.began, after.owner_id)
        statement = mails.confirmations_ending(self._now(), until, reconfirm_every, last)
        return tuple(mails.ending(row, row.began + reconfirm_every) for row in await self._engine.read(statement))

    async def known_marks(self, marks: Sequence[str]) -> frozenset[str]:
        """Which of these marks are in the outbox, sent or not. For at most a page of them."""
        found = select(table.c.mark).where(table.c.mark.in_(marks))
        return frozenset(row.mark for row in await self._engine.read(found))

    async def mails_waiting(self) -> int:
        """How many mails are in the outbox and have not ended."""
        ((count,),) = await self._engine.read(mails.WAITING)
        return int(count)

    async def is_mail_due(self) -> bool:
        """Whether a mail could be claimed now."""
        return bool(await self._engine.read(select(table.c.id).where(table.c.due_at <= self._now()).limit(1)))

    async def has_news(self) -> bool:
        """Whether the audit has grown since it was last read for mails."""
        ((end, read),) = await self._engine.read(mails.POSITION)
        return read is None or read < end
