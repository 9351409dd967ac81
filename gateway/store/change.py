"""A change: one transaction in the domain's words, with its feed rows and audit rows."""

from datetime import timedelta

from sqlalchemy import delete, insert, select, update

from gateway.store.audit import Subject
from gateway.store.change_accounts import AccountChanges
from gateway.store.change_audit import AuditChanges
from gateway.store.change_idempotency import IdempotencyChanges
from gateway.store.change_mails import MailChanges
from gateway.store.change_owners import OwnerChanges
from gateway.store.change_rt_tokens import RtTokenChanges
from gateway.store.change_tokens import TokenChanges
from gateway.store.meta import StoreKey
from gateway.store.tables import keys, meta, sessions

COMMIT = timedelta(seconds=10)  # the longest that a change waits for its commit (`patience.Limits.write_s`)


class Change(OwnerChanges, AccountChanges, TokenChanges, RtTokenChanges, IdempotencyChanges, AuditChanges, MailChanges):
    """What can be changed, all or nothing. After an error the change can only end, and nothing of it is stored.

    The methods record what they do by themselves; `audit` is for what a use case has to add. The reads inside a change
    see its own writes, and nobody else writes meanwhile: check and change in one block are one step.
    """

    async def register_key(self, key: StoreKey) -> bool:
        """Let hosts of this store use a key of their key file; False when it is registered."""
        known = await self._turn.execute(select(keys.c.id).where(keys.c.id == key.id))
        if known.first() is not None:
            return False
        await self._turn.execute(insert(keys).values(id=key.id, check_value=key.check, created_at=self.at))
        self.audit("key_registered", Subject(kind="key", id=key.id))
        return True

    async def set_serve_cached_for(self, span: timedelta) -> bool:
        """Let hosts use what they remember for so long while they cannot reach the store; False when that is so.

        Whoever follows the feed reads it with the next change, this one. Who cannot goes on by what was before, which
        is noted: until then no change can be said to be effective everywhere.
        """
        row = (await self._turn.execute(select(meta.c.serve_cached_for_ms, meta.c.cached_until))).one()
        before = timedelta(milliseconds=row.serve_cached_for_ms)
        if span == before:
            return False
        ends = [
            end for end in (row.cached_until, self.at + before + COMMIT if span < before else None) if end is not None
        ]
        values = {"serve_cached_for_ms": span // timedelta(milliseconds=1), "cached_until": max(ends, default=None)}
        await self._turn.execute(update(meta).values(**values))
        detail = {"before_s": before.total_seconds(), "after_s": span.total_seconds()}
        self.audit("serve_cached_for_set", Subject(kind="gateway", id="store"), detail)
        return True

    async def begin_epoch(self, epoch: str) -> None:
        """Make everybody who follows the feed drop all that he remembers; for when history itself was replaced.

        Nobody stays signed in: a session that was ended since must not come back with a backup.
        """
        await self._turn.execute(update(meta).values(epoch=epoch))
        await self._turn.execute(delete(sessions))
