"""Requests that may be sent again: which secret came of them, kept for a day beside it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from gateway.store.ledger import Ledger
from gateway.store.tables import idempotency_keys as table

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's name for one request of one operation. `key_hash` is a digest: the store learns nothing of the key."""

    caller: str
    operation: str
    key_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What came of the request when it was sent before, and when that was."""

    request_hash: str
    token_id: str
    secret_row: int
    created_at: datetime


class IdempotencyChanges(Ledger):
    """The part of a `Change` that remembers requests. No feed row and no audit row: the change itself leaves those."""

    async def earlier(self, key: IdempotencyKey) -> Earlier | None:
        """What came of the same key within the last day; None when it is new."""
        found = select(table.c.request_hash, table.c.token_id, table.c.secret_row, table.c.created_at).where(
            _is(key), table.c.created_at > self.at - KEPT
        )
        row = (await self._turn.execute(found)).one_or_none()
        return None if row is None else Earlier(**row._mapping)

    async def remember(self, key: IdempotencyKey, made: Earlier) -> None:
        """Keep what came of a new key for a day. What is older goes, so that the table never grows beyond that."""
        await self._turn.execute(delete(table).where(table.c.created_at <= self.at - KEPT))
        await self._turn.execute(
            insert(table).values(
                caller=key.caller,
                operation=key.operation,
                key_hash=key.key_hash,
                request_hash=made.request_hash,
                token_id=made.token_id,
                secret_row=made.secret_row,
                created_at=made.created_at,
            )
        )

    async def remember_again(self, key: IdempotencyKey, secret_row: int) -> None:
        """Keep which secret stands now in the place of the one that came of it first. The day goes on."""
        await self._turn.execute(update(table).where(_is(key)).values(secret_row=secret_row))


def _is(key: IdempotencyKey) -> ColumnElement[bool]:
    return (table.c.caller == key.caller) & (table.c.operation == key.operation) & (table.c.key_hash == key.key_hash)
