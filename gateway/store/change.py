"""A change: one transaction in the domain's words, with its feed rows and audit rows."""

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

    async def begin_epoch(self, epoch: str) -> None:
        """Make everybody who follows the feed drop all that he remembers; for when history itself was replaced.

        Nobody stays signed in: a session that was ended since must not come back with a backup.
        """
        await self._turn.execute(update(meta).values(epoch=epoch))
        await self._turn.execute(delete(sessions))
