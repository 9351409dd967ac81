"""What happened and is to be told: a token or secret made for somebody by somebody else, and the use of a stale secret.

It is read from the audit, whose rows are written with the change itself or, of refusals, behind the checks: nothing is
lost when the process ends in between, no change and no check knows about mail, and each row is read once, by whoever
comes first of several processes.
"""

from datetime import timedelta
from typing import Any

from gateway.auth.desk import Desk
from gateway.core.token import parse_handle
from gateway.store import Change, Mail, MailKind, Sealed
from gateway.store.change_mails import detail_of
from gateway.store.store import GATEWAY

OLD = timedelta(days=7)  # what happened before that is not told any more, when mail was off for long
MOST_A_DAY = 20  # such mails to one owner: nobody fills a mailbox by making tokens, or with many stale secrets
_COUNTED = (MailKind.TOKEN_MADE, MailKind.STALE_SECRET)
_TOKEN = "token:"


async def queue_news(desk: Desk) -> tuple[int, int]:
    """Queue the mails about what the audit has since the last time; how many, and how many were too many for a day."""
    queued = too_many = 0
    more = await desk.store.has_news()
    while more:
        async with desk.store.change(actor=GATEWAY) as change:
            rows, more = await change.read_news()
            for row in rows:
                mail = await _mail(change, desk, row)
                if mail is None:
                    continue
                day = change.at - timedelta(days=1)
                if await change.mails_since(mail.owner_id, day, _COUNTED) >= MOST_A_DAY:
                    too_many += 1
                elif await change.queue_mail(mail):
                    queued += 1
    return queued, too_many


async def _mail(change: Change, desk: Desk, news: Sealed) -> Mail | None:
    """What the owner is to be told of this row; None when nothing, or when there is no address to tell it to."""
    row = news.row
    if row.at < change.at - OLD:
        return None
    record = await change.token(row.subject.id)
    if record is None or not record.owner.email or not record.owner.enabled:
        return None
    facts: dict[str, Any] = {"at": row.at.isoformat(), "address": row.address}
    if row.action == "stale_secret_used":
        detail = detail_of(news)
        facts |= {"count": detail["count"], "at": detail["last_at"], "host": detail["host"]}
        mark, kind = f"{MailKind.STALE_SECRET.value} {row.subject.id} {row.at:%Y-%m-%d}", MailKind.STALE_SECRET
    else:
        by = await _actor(change, desk, row.actor)
        if by == record.owner.id or await change.came_from_rt(row.subject.id):
            return None  # of tokens that were moved in the owner knows the secret, and nobody else does
        facts |= {"by": row.actor, "rotated": row.action == "token_rotated"}
        mark, kind = f"{MailKind.TOKEN_MADE.value} {row.subject.id} {row.seq}", MailKind.TOKEN_MADE
    return Mail(mark=mark, kind=kind, owner_id=record.owner.id, token_id=row.subject.id, facts=facts)


async def _actor(change: Change, desk: Desk, actor: str) -> str:
    """The owner who acted, by themselves or by a token of theirs; the actor as it is when that is no owner."""
    if not actor.startswith(_TOKEN):
        return actor
    found = parse_handle(actor.removeprefix(_TOKEN), brand=desk.settings.tokens.brand)
    record = None if found is None else await change.token(found[1])
    return actor if record is None else record.owner.id
