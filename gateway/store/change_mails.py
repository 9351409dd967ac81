"""Changes to the outbox: what happened and is to be told, who sends a mail, and how that ended.

A mail is claimed by compare-and-set, for a while, before it is sent. Whoever claimed it and died leaves it to the next
claim after that while; whoever comes back late finds that the mail is no longer theirs.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, delete, func, insert, select, update

from gateway.store.audit import Sealed, Subject, canonical_json, sealed_row
from gateway.store.ledger import Ledger
from gateway.store.mails import POSITION, Mail, MailKind, MailOutcome, QueuedMail, queued
from gateway.store.tables import audit, mails, meta, owners, rt_tokens, tokens

NEWS = ("token_created", "token_rotated", "stale_secret_used")
NEWS_AT_ONCE = 10_000  # audit rows looked at in one change: nobody else writes meanwhile
FORGOTTEN_AT_ONCE = 5_000


class MailChanges(Ledger):
    """The part of a `Change` that is about mails."""

    async def read_news(self) -> tuple[list[Sealed], bool]:
        """The audit's rows that somebody may have to be told of, from where the last reading ended; each is read once,
        whoever reads. The second: whether there is more. The first reading of a store begins at the audit's end.
        """
        position: Any = (await self._turn.execute(POSITION)).one()
        end, begin = position.audit_seq, position.mail_seq
        if begin is None:
            await self._turn.execute(update(meta).values(mail_seq=end))
            return [], False
        to = min(end, begin + NEWS_AT_ONCE)
        if to <= begin:
            return [], False
        wanted = (audit.c.seq > begin) & (audit.c.seq <= to) & audit.c.action.in_(NEWS)
        rows = (await self._turn.execute(select(audit).where(wanted).order_by(audit.c.seq))).all()
        await self._turn.execute(update(meta).values(mail_seq=to))
        return [sealed_row(row) for row in rows], to < end

    async def came_from_rt(self, token_id: str) -> bool:
        """Whether the token was moved in from Request Tracker."""
        found = await self._turn.execute(select(rt_tokens.c.id).where(rt_tokens.c.token_id == token_id).limit(1))
        return found.first() is not None

    async def mails_since(self, owner_id: str, since: datetime, kinds: Sequence[MailKind]) -> int:
        """How many mails of these kinds were queued for the owner."""
        which = (mails.c.owner_id == owner_id) & (mails.c.queued_at > since) & mails.c.kind.in_(kinds)
        found = await self._turn.execute(select(func.count()).select_from(mails).where(which))
        return int(found.scalar_one())

    async def queue_mail(self, mail: Mail) -> bool:
        """Put a mail into the outbox; False, and nothing written, when its mark is there."""
        if (await self._turn.execute(select(mails.c.id).where(mails.c.mark == mail.mark))).first() is not None:
            return False
        await self._turn.execute(
            insert(mails).values(
                mark=mail.mark,
                kind=mail.kind.value,
                owner_id=mail.owner_id,
                token_id=mail.token_id,
                facts=canonical_json(mail.facts),
                queued_at=self.at,
                due_at=self.at,
                attempts=0,
            )
        )
        return True

    async def claim_mail(self, *, for_: timedelta) -> QueuedMail | None:
        """The mail that has been due the longest, for the caller alone until `for_` is over; None when none is due."""
        due = select(mails).where(mails.c.due_at <= self.at).order_by(mails.c.due_at, mails.c.id).limit(1)
        row: Any = (await self._turn.execute(due)).one_or_none()
        if row is None:
            return None
        attempts = row.attempts + 1
        claim = update(mails).where(mails.c.id == row.id, mails.c.attempts == row.attempts)
        result = await self._turn.execute(claim.values(due_at=self.at + for_, attempts=attempts))
        return queued(row, attempts) if result.rowcount == 1 else None

    async def postpone_mail(self, claimed: QueuedMail, until: datetime) -> bool:
        """Try it again then; False when the claim was over."""
        return (await self._turn.execute(_claimed(claimed).values(due_at=until))).rowcount == 1

    async def end_mail(self, claimed: QueuedMail, outcome: MailOutcome, *, to: str = "", why: str = "") -> bool:
        """Say how it ended; what was sent or given up is written down. False when the claim was over."""
        result = await self._turn.execute(_claimed(claimed).values(due_at=None, outcome=outcome.value))
        if result.rowcount != 1:
            return False
        about, detail = await self._about(claimed.mail), {"mail": claimed.mail.kind.value, "to": to}
        if outcome is MailOutcome.SENT:
            self.audit("mail_sent", about, detail)
        elif outcome is MailOutcome.GIVEN_UP:
            self.audit("mail_given_up", about, detail | {"attempts": claimed.attempts, "why": why})
        return True

    async def forget_mails(self, before: datetime) -> int:
        """Remove mails that ended and were queued before then; at most a few thousand at once."""
        old = select(mails.c.id).where(mails.c.queued_at < before, mails.c.due_at.is_(None)).limit(FORGOTTEN_AT_ONCE)
        return (await self._turn.execute(delete(mails).where(mails.c.id.in_(old)))).rowcount

    async def _about(self, mail: Mail) -> Subject:
        if mail.token_id is not None:
            name = (await self._turn.execute(select(tokens.c.name).where(tokens.c.id == mail.token_id))).scalar_one()
            return Subject(kind="token", id=mail.token_id, label=name)
        found = await self._turn.execute(select(owners.c.kind, owners.c.login).where(owners.c.id == mail.owner_id))
        row: Any = found.one()
        return Subject(kind=row.kind, id=mail.owner_id, label=row.login)


def detail_of(news: Sealed) -> dict[str, Any]:
    """The detail of an audit row, as it was written."""
    found: dict[str, Any] = json.loads(news.row.detail)
    return found


def _claimed(claimed: QueuedMail) -> Update:
    return update(mails).where(
        mails.c.id == claimed.id, mails.c.attempts == claimed.attempts, mails.c.due_at.is_not(None)
    )
