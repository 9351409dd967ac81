"""The store: the one place where a gateway's state lives. What it promises is here; how is in the modules beside."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import select, update

from gateway.core.owner import LOCAL, SSO, OwnerKind, TokenRecord
from gateway.core.token import Kind
from gateway.store import accounts, pages, records, rt_tokens
from gateway.store.accounts import Account, SessionRecord, SessionRow
from gateway.store.audit import AuditHead, Sealed, load_head, rows_after
from gateway.store.audit_chain import AuditVerdict, Checkpoint, load_checkpoint, verify
from gateway.store.audit_list import AuditFilter, AuditPage, load_page
from gateway.store.change import Change
from gateway.store.change_audit import TokenRefusal, UnknownRefusals
from gateway.store.errors import InstallationMismatch, StoreError
from gateway.store.feed import SqliteFeed
from gateway.store.file import identify, path_of, refuse_newer
from gateway.store.meta import StoreKey, StoreMeta, meta_statement, read_meta, refuse_other_installation
from gateway.store.migrate import bring_up, head
from gateway.store.outbox import OutboxReads
from gateway.store.owner_filter import OwnerFilter
from gateway.store.pages import OwnerPage, TokenPage, TokenPlace
from gateway.store.patience import Limits, in_thread
from gateway.store.records import OwnerEntry, TokenEntry, fold
from gateway.store.rt_tokens import RtTokenRow
from gateway.store.sqlite import SqliteEngine
from gateway.store.summary import Summary, by_group, counts, members, summary
from gateway.store.tables import owner_groups, secrets, sessions, tokens, usage
from gateway.store.token_filter import TokenFilter, TokenState, list_tokens
from gateway.store.usage import Usage, Use, add_day_statement, add_statement, days_of, forget_days, use_parameters

GATEWAY = "gateway"  # the actor of what nobody asked for
USES_AT_ONCE = 500  # in one statement; a transaction may hold many of them, and a list of all would be large


class Store(OutboxReads):
    """An open store. Use it in one event loop, and close it there. Everything it raises is a StoreError."""

    meta: StoreMeta
    path: Path

    def __init__(
        self, engine: SqliteEngine, meta: StoreMeta, now: Callable[[], datetime], keys: Sequence[StoreKey]
    ) -> None:
        self.meta = meta
        self.path = engine.path
        self._engine = engine
        self._now = now
        self._keys = {key.id: key for key in keys}
        self._current_key = keys[0] if keys else None

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        now: Callable[[], datetime],
        keys: Sequence[StoreKey] = (),
        brand: str | None = None,
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> "Store":
        """Open an existing store, and migrate an older one after a copy of it beside it.

        `keys` are the key file's, the current one first; without them nothing can be changed, only read. Refuses, and
        leaves the disk as it is: DatabaseMissing, DatabaseForeign, DatabaseNewer, InstallationMismatch.
        """
        path = path_of(url)
        found = await in_thread(partial(identify, path, busy_s=limits.busy_s))
        newest = head()
        refuse_newer(path, found, newest)
        if brand is not None and brand != found.brand:
            raise InstallationMismatch(
                f"tokens.brand: {brand}: the tokens of {path} are of brand {found.brand}, which is fixed; "
                "set tokens.brand back, or check store.url"
            )
        if found.revision < newest:
            await in_thread(partial(bring_up, path, limits=limits))
        engine = SqliteEngine(path, limits)
        try:
            meta = read_meta(await engine.read(meta_statement()))
            refuse_other_installation(meta, keys)
        except BaseException:
            await engine.close()
            raise
        return cls(engine, meta, now, keys)

    async def close(self) -> None:
        """End every connection and thread of the store, after what still runs."""
        await self._engine.close()

    def follow(self) -> SqliteFeed:
        """A feed of this store's changes, standing at the newest. Close it by itself. Blocks for a moment."""
        return SqliteFeed(self.path)

    # What is written

    @asynccontextmanager
    async def change(self, *, actor: str, address: str = "") -> AsyncIterator[Change]:
        """One change: everything in the block, with its feed and audit rows, is stored when it ends, or nothing is.

        `actor` is who does it (`cli:alice`, or an owner id), `address` from where. Nobody else writes in between, in
        any process: keep the block short, and hash before it. StoreUnavailable when the turn does not come in time.
        """
        if self._current_key is None:
            raise StoreError("the store was opened without a key, so changes cannot be audited; give the key file")
        async with self._engine.writing() as turn:
            change = Change(turn, at=self._now(), actor=actor, address=address, key=self._current_key)
            yield change
            await change.write()

    async def record_usage(self, batch: Sequence[Use]) -> None:
        """Add uses to the counts, in one transaction, all or nothing. Tokens that are not there are passed over."""
        if batch:
            async with self._engine.writing() as turn:
                for begin in range(0, len(batch), USES_AT_ONCE):
                    uses = [use_parameters(use) for use in batch[begin : begin + USES_AT_ONCE]]
                    await turn.execute(add_statement(), uses)
                    await turn.execute(add_day_statement(), uses)
                await turn.execute(forget_days(self._now()))

    async def record_refusals(self, known: Sequence[TokenRefusal], unknown: Sequence[UnknownRefusals]) -> None:
        """Write what checks refused into the audit, in one transaction, all or nothing."""
        async with self.change(actor=GATEWAY) as change:
            await change.add_refusals(known, unknown)

    async def retag(self, secret_row: int, old_key_id: str, old_tag: bytes, key_id: str, tag: bytes) -> bool:
        """Put another key's tag in place of the old one; False when the row is not as it was. No feed row: the
        secret is the same.
        """
        as_it_was = (secrets.c.id == secret_row) & (secrets.c.key_id == old_key_id) & (secrets.c.tag == old_tag)
        async with self._engine.writing() as turn:
            result = await turn.execute(update(secrets).where(as_it_was).values(key_id=key_id, tag=tag))
        return result.rowcount == 1

    async def keep_rt_digest(self, known: RtTokenRow, key_id: str, digest: bytes) -> bool:
        """Let a token of RT be found by this digest from now on; False when the row is not as it was. No feed row: the
        secret is the same.
        """
        async with self._engine.writing() as turn:
            result = await turn.execute(rt_tokens.set_digest(known, key_id, digest))
        return result.rowcount == 1

    async def record_seen(self, session_id: str, at: datetime) -> None:
        """Note that a session was used. No audit row: nothing was done."""
        later = (sessions.c.id == session_id) & (sessions.c.last_seen_at < at)
        async with self._engine.writing() as turn:
            await turn.execute(update(sessions).where(later).values(last_seen_at=at))

    # What is read

    async def load_token(self, token_id: str) -> TokenRecord | None:
        """What a decision needs to know of a token, in one statement; None for an unknown id. StoreUnavailable."""
        return records.token_record(await self._engine.read(records.TOKEN_RECORD, {"wanted": token_id}))

    async def token_ids(self, *, after: str, limit: int) -> tuple[str, ...]:
        """The first so many ids of tokens above `after`, in order; also of those that ended."""
        statement = select(tokens.c.id).where(tokens.c.id > after).order_by(tokens.c.id).limit(limit)
        return tuple(row.id for row in await self._engine.read(statement))

    async def rt_token(self, digests: Collection[bytes]) -> RtTokenRow | None:
        """The token of RT that one of these digests was made of."""
        rows = await self._engine.read(rt_tokens.by_digest(digests))
        return rt_tokens.row(rows[0]) if rows else None

    async def open_rt_tokens(self, user_id: int, key_ids: Collection[str]) -> tuple[RtTokenRow, ...]:
        """The tokens of RT's user that cannot be found by a digest of these keys, the one used last first."""
        return tuple(map(rt_tokens.row, await self._engine.read(rt_tokens.open_of(user_id, key_ids))))

    async def heaviest_rt_user(self, key_ids: Collection[str]) -> int:
        """How many bcrypt rounds it takes to try all such tokens of the user for whom that takes the most."""
        ((rounds,),) = await self._engine.read(rt_tokens.heaviest(key_ids))
        return int(rounds)

    async def load_meta(self) -> StoreMeta:
        """The meta row as it is now; `meta` is as it was when the store was opened."""
        return read_meta(await self._engine.read(meta_statement()))

    async def owner(self, *, id: str | None = None, login: str | None = None) -> OwnerEntry | None:  # noqa: A002
        """The owner by id or by login (folded); also a deleted one, whose login stays taken."""
        statement, wanted = (records.OWNER_BY_ID, id) if login is None else (records.OWNER_BY_LOGIN, fold(login))
        rows = await self._engine.read(statement, {"wanted": wanted})
        return records.owner_entry(rows[0]) if rows else None

    async def users(self, *, with_deleted: bool = False) -> tuple[OwnerEntry, ...]:
        """All users, by login."""
        return await self._owners(OwnerKind.USER, with_deleted=with_deleted)

    async def applications(self, *, with_deleted: bool = False) -> tuple[OwnerEntry, ...]:
        """All applications, by login."""
        return await self._owners(OwnerKind.APPLICATION, with_deleted=with_deleted)

    async def owner_page(
        self, kind: OwnerKind, wanted: OwnerFilter | None = None, *, after: str | None = None, limit: int
    ) -> OwnerPage:
        """The owners of a kind that pass the filter, by login, from the first one after a (folded) login."""
        statement = pages.owners_after(after, limit, kind, wanted or OwnerFilter())
        found = tuple(map(records.owner_entry, await self._engine.read(statement)))
        rows = found[:limit]
        return OwnerPage(rows=rows, after=fold(rows[-1].owner.login) if len(found) > limit else None)

    async def groups(self, owner_id: str) -> Mapping[str, tuple[str, ...]]:
        """The groups of an owner, by source (`LOCAL`, `SSO`), sorted."""
        columns = select(owner_groups.c.name, owner_groups.c.source).where(owner_groups.c.owner_id == owner_id)
        rows = await self._engine.read(columns)
        return {source: tuple(sorted(row.name for row in rows if row.source == source)) for source in (LOCAL, SSO)}

    async def group_members(self) -> Mapping[str, Mapping[OwnerKind, int]]:
        """How many users and applications are in each group, from any source. Groups of nobody are left out."""
        return by_group(await self._engine.read(members()))

    async def summary(self) -> Summary:
        """The store in numbers. It counts rows: a second for a million tokens, of a reader that nobody waits for."""
        (row,) = await self._engine.read(counts())
        return await summary(row, self.path)

    async def account(self, login: str) -> Account | None:
        """How the person of that login signs in; None for an application, and for who is not there."""
        rows = await self._engine.read(accounts.ACCOUNT_BY_LOGIN, {"wanted": fold(login)})
        return accounts.account(rows[0]) if rows else None

    async def session(self, session_id: str) -> SessionRecord | None:
        """The session, and the person as they are now. Whether it still holds is the caller's to say."""
        rows = await self._engine.read(accounts.SESSION_BY_ID, {"wanted": session_id})
        return SessionRecord(session=accounts.session(rows[0]), account=accounts.account(rows[0])) if rows else None

    async def sessions(self, owner_id: str) -> tuple[SessionRow, ...]:
        """The sessions of a person, the newest first; also those that ran out."""
        return tuple(map(accounts.session, await self._engine.read(accounts.sessions_of(owner_id))))

    async def token(self, token_id: str) -> TokenEntry | None:
        """The token as lists show it."""
        rows = await self._engine.read(records.TOKENS.where(tokens.c.id == token_id))
        return records.token_entry(rows[0]) if rows else None

    async def tokens(
        self,
        wanted: TokenFilter | None = None,
        *,
        owner_id: str | None = None,
        kind: Kind | None = None,
        state: TokenState | None = None,
    ) -> tuple[TokenEntry, ...]:
        """The tokens that pass the filter (or the parts of one that are given), oldest first."""
        filtered = wanted or TokenFilter(owner_id=owner_id, kind=kind, state=state)
        statement = list_tokens(filtered, self._now())
        return tuple(map(records.token_entry, await self._engine.read(statement)))

    async def token_page(
        self, wanted: TokenFilter, *, after: TokenPlace | None = None, limit: int, newest_first: bool = False
    ) -> TokenPage:
        """The tokens that pass the filter, by age, from the first one after a place."""
        statement = pages.tokens_after(after, limit, wanted, self._now(), newest_first=newest_first)
        found = tuple(map(records.token_entry, await self._engine.read(statement)))
        rows = found[:limit]
        last = rows[-1].token if len(found) > limit else None
        place = None if last is None else TokenPlace(created_at=last.created_at, id=last.id)
        return TokenPage(rows=rows, after=place)

    async def usage(self, token_id: str) -> Usage:
        """How often, when and from where the token was used; zero for an unknown one."""
        columns = select(usage.c.total, usage.c.since_rotation, usage.c.last_used_at, usage.c.last_address)
        rows = await self._engine.read(columns.where(usage.c.token_id == token_id))
        return Usage(**rows[0]._mapping) if rows else Usage()

    async def usage_by_day(self, token_id: str, *, since: date) -> Mapping[date, int]:
        """How often the token was used on each day (UTC) from `since` on; days without a use are left out."""
        rows = await self._engine.read(days_of(token_id, since))
        return {date.fromisoformat(row.day): row.total for row in rows}

    async def verify_audit(self) -> AuditVerdict:
        """Check the whole audit chain against the keys that the store was opened with."""
        return await verify(self._engine, {key_id: key.audit_key for key_id, key in self._keys.items()})

    async def audit_head(self) -> AuditHead:
        """The end of the audit chain."""
        return await load_head(self._engine)

    async def audit_checkpoint(self) -> Checkpoint:
        """Where the audit chain begins; to be believed once `verify_audit` found no fault."""
        return await load_checkpoint(self._engine)

    async def audit_page(self, wanted: AuditFilter, *, below: int | None = None, limit: int) -> AuditPage:
        """The newest audit rows that pass the filter, numbered below `below`."""
        return await load_page(self._engine, wanted, below=below, limit=limit)

    def audit_rows(self, *, after: int = 0, until: int) -> AsyncIterator[Sealed]:
        """The audit rows numbered above `after` up to `until`, the oldest first, in constant memory."""
        return rows_after(self._engine, after, until)

    async def _owners(self, kind: OwnerKind, *, with_deleted: bool) -> tuple[OwnerEntry, ...]:
        rows = await self._engine.read(records.list_owners(kind, with_deleted=with_deleted))
        return tuple(map(records.owner_entry, rows))
