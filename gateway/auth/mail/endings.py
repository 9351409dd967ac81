"""What ends soon and is to be told: tokens that expire, and people whom the single sign-on will not vouch for."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.auth.desk import Desk
from gateway.config.mail_schema import STAGES
from gateway.core.notice import stage_due
from gateway.store import Ending, Mail, MailKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An ending that has come to a stage and was not told at it. `mail` is what would be queued."""

    ending: Ending
    stage: timedelta
    mail: Mail

    @property
    def has_address(self) -> bool:
        """Whether there is anybody to write to."""
        return bool(self.ending.email)


async def due_endings(desk: Desk) -> AsyncIterator[Sequence[Due]]:
    """Page by page, all that is due and not in the outbox; also for owners without an address."""
    stages = STAGES if desk.settings.mail is None else desk.settings.mail.before_expiry
    if not stages:
        return
    every, store = desk.settings.tokens.reconfirm_every, desk.store
    last: Ending | None = None
    while page := await store.tokens_ending(desk.now() + max(stages), reconfirm_every=every, after=last):
        yield await _untold(desk, page, stages)
        last = page[-1]
    if every is None:
        return
    last = None
    while page := await store.confirmations_ending(desk.now() + max(stages), reconfirm_every=every, after=last):
        yield await _untold(desk, page, stages)
        last = page[-1]


async def _untold(desk: Desk, page: Iterable[Ending], stages: Sequence[timedelta]) -> Sequence[Due]:
    now = desk.now()
    due = [found for ending in page if (found := _due(ending, stages, now)) is not None]
    known = await desk.store.known_marks([one.mail.mark for one in due]) if due else frozenset()
    return [one for one in due if one.mail.mark not in known]


def _due(ending: Ending, stages: Sequence[timedelta], now: datetime) -> Due | None:
    stage = stage_due(stages, began=ending.began, ends_at=ending.ends_at, now=now)
    if stage is None:
        return None
    kind = MailKind.CONFIRMATION_ENDS if ending.token_id is None else MailKind.TOKEN_EXPIRES
    about, ends = ending.token_id or ending.owner_id, ending.ends_at.isoformat()
    # With the end in it: another end is told anew, from its first stage on.
    mark = f"{kind.value} {about} {ends} {stage // timedelta(seconds=1)}"
    facts = {"ends_at": ends}
    mail = Mail(mark=mark, kind=kind, owner_id=ending.owner_id, token_id=ending.token_id, facts=facts)
    return Due(ending=ending, stage=stage, mail=mail)
