"""Changes to users and applications."""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Table, delete, insert, select, update

from gateway.core.owner import LOCAL, Owner
from gateway.store.audit import Subject
from gateway.store.errors import NameTaken, NotFound
from gateway.store.ledger import Ledger
from gateway.store.records import OWNER_BY_ID, OWNER_BY_LOGIN, SEPARATOR, OwnerEntry, fold, owner_entry
from gateway.store.tables import owner_groups, owner_organisations, owners, sessions, tokens

# After these an editor has missed nothing: the row is new, or its person has signed in elsewhere.
_NO_EDIT = frozenset({"created", "confirmed"})


class OwnerChanges(Ledger):
    """The part of a `Change` that is about owners. Every method leaves its feed and audit rows by itself."""

    async def owner(self, *, id: str | None = None, login: str | None = None) -> OwnerEntry | None:  # noqa: A002
        """The owner by id or by login (folded), as this transaction sees it; also a deleted one."""
        statement, wanted = (OWNER_BY_ID, id) if login is None else (OWNER_BY_LOGIN, fold(login))
        row = (await self._turn.execute(statement, {"wanted": wanted})).one_or_none()
        return None if row is None else owner_entry(row)

    async def add_owner(self, owner: Owner) -> None:
        """Create a user or application with its local groups. NameTaken: the login is in use, or once was."""
        if await self.owner(login=owner.login) is not None:
            raise NameTaken(f"{owner.login}: the name is in use, or was in use before; choose another")
        await self._turn.execute(
            insert(owners).values(
                id=owner.id,
                kind=owner.kind.value,
                login=owner.login,
                login_folded=fold(owner.login),
                name=owner.name,
                email=owner.email,
                enabled=owner.enabled,
                created_at=self.at,
                sso=owner.sso,
                confirmed_at=owner.confirmed_at,
            )
        )
        await self._add_names(owner_groups, owner.id, owner.groups, source=LOCAL)
        await self._add_names(owner_organisations, owner.id, owner.organisations)
        detail = {
            "name": owner.name,
            "email": owner.email,
            "groups": sorted(owner.groups),
            "organisations": sorted(owner.organisations),
            "enabled": owner.enabled,
            "sso": owner.sso,
        }
        await self._owner_done("created", owner, detail)

    async def edit_owner(self, owner_id: str, *, name: str | None = None, email: str | None = None) -> bool:
        """Set what is given; False, and nothing written, when that changes nothing. NotFound."""
        owner = await self._present_owner(owner_id)
        before, wish = {"name": owner.name, "email": owner.email}, {"name": name, "email": email}
        new = {field: value for field, value in wish.items() if value is not None and value != before[field]}
        if not new:
            return False
        await self._turn.execute(update(owners).where(owners.c.id == owner_id).values(**new))
        await self._owner_done("edited", owner, {"from": {field: before[field] for field in new}, "to": new})
        return True

    async def set_owner_enabled(self, owner_id: str, enabled: bool) -> bool:
        """Enable or disable; False, and nothing written, when it is so already. NotFound.

        Disabling ends the sessions too: enabling brings the tokens back, and no cookie that somebody took.
        """
        owner = await self._present_owner(owner_id)
        if owner.enabled == enabled:
            return False
        await self._turn.execute(update(owners).where(owners.c.id == owner_id).values(enabled=enabled))
        detail = {}
        if not enabled:
            gone = await self._turn.execute(delete(sessions).where(sessions.c.owner_id == owner_id))
            detail = {"sessions_ended": gone.rowcount} if gone.rowcount else {}
        await self._owner_done("enabled" if enabled else "disabled", owner, detail)
        return True

    async def groups_of(self, owner_id: str, *, source: str = LOCAL) -> frozenset[str]:
        """The owner's groups from one source."""
        return await self._names(owner_groups, owner_id, source=source)

    async def confirm_owner(self, owner_id: str, *, is_one_of_many: bool = False) -> None:
        """Note that the single sign-on vouches for a person now. NotFound; ValueError for who is not of it.

        `is_one_of_many` leaves no audit row of its own: whoever confirms all of a directory writes one for all.
        """
        owner = await self._present_owner(owner_id)
        if not owner.sso:
            raise ValueError(f"{owner_id}: not of the single sign-on")
        await self._turn.execute(update(owners).where(owners.c.id == owner_id).values(confirmed_at=self.at))
        if is_one_of_many:
            self.touch("owner", owner_id)
        else:
            await self._owner_done("confirmed", owner, {})

    async def set_groups(self, owner_id: str, groups: Iterable[str], *, source: str = LOCAL) -> bool:
        """Replace the owner's groups from one source; False, and nothing written, when they are the same. NotFound."""
        owner, after = await self._present_owner(owner_id), frozenset(groups)
        before = await self._names(owner_groups, owner_id, source=source)
        if before == after:
            return False
        await self._replace(owner_groups, owner_id, after, source=source)
        await self._owner_done("groups_set", owner, {"source": source, "from": sorted(before), "to": sorted(after)})
        return True

    async def set_organisations(self, owner_id: str, organisations: Iterable[str]) -> bool:
        """Replace the owner's organisations; False, and nothing written, when they are the same. NotFound."""
        owner, after = await self._present_owner(owner_id), frozenset(organisations)
        before = await self._names(owner_organisations, owner_id)
        if before == after:
            return False
        await self._replace(owner_organisations, owner_id, after)
        await self._owner_done("organisations_set", owner, {"from": sorted(before), "to": sorted(after)})
        return True

    async def delete_owner(self, owner_id: str) -> int:
        """Revoke the owner's tokens, forget name, address, password and groups, end the sessions, and keep the login
        taken. NotFound.

        Returns how many tokens were revoked.
        """
        owner = await self._present_owner(owner_id)
        unrevoked = select(tokens.c.id, tokens.c.name).where(
            tokens.c.owner_id == owner_id, tokens.c.revoked_at.is_(None)
        )
        ended: Any = (await self._turn.execute(unrevoked)).all()
        await self._turn.execute(
            update(tokens)
            .where(tokens.c.owner_id == owner_id, tokens.c.revoked_at.is_(None))
            .values(revoked_at=self.at, revoked_by=self.actor)
        )
        for token_id, name in ended:
            self.touch("token", token_id)
            subject = Subject(kind="token", id=token_id, label=name)
            self.audit("token_revoked", subject, {"owner": owner_id, "because": "owner_deleted"})
        await self._replace(owner_groups, owner_id, ())
        await self._replace(owner_organisations, owner_id, ())
        gone: dict[str, Any] = {"enabled": False, "deleted_at": self.at, "name": "", "email": ""}
        gone |= {"password_hash": None, "password_set_at": None, "password_must_change": False}
        await self._turn.execute(delete(sessions).where(sessions.c.owner_id == owner_id))
        await self._turn.execute(update(owners).where(owners.c.id == owner_id).values(**gone))
        await self._owner_done("deleted", owner, {"tokens_revoked": len(ended)})
        return len(ended)

    async def _present_owner(self, owner_id: str) -> Owner:
        found = await self.owner(id=owner_id)
        if found is None or found.deleted_at is not None:
            raise NotFound(f"{owner_id}: no such owner")
        return found.owner

    async def _names(self, table: Table, owner_id: str, **where: str) -> frozenset[str]:
        statement = select(table.c.name).where(table.c.owner_id == owner_id)
        rows = await self._turn.execute(statement.filter_by(**where) if where else statement)
        return frozenset(rows.scalars())

    async def _replace(self, table: Table, owner_id: str, names: Collection[str], **where: str) -> None:
        """Without `where` the rows of every source go."""
        old = delete(table).where(table.c.owner_id == owner_id)
        await self._turn.execute(old.filter_by(**where) if where else old)
        await self._add_names(table, owner_id, names, **where)

    async def _add_names(self, table: Table, owner_id: str, names: Collection[str], **where: str) -> None:
        if any(not name or SEPARATOR in name for name in names):
            raise ValueError("a name may not be empty or hold a line break")
        if rows := [{"owner_id": owner_id, "name": name, **where} for name in sorted(set(names))]:
            await self._turn.execute(insert(table), rows)

    async def _owner_done(self, verb: str, owner: Owner, detail: dict[str, Any]) -> None:
        if verb not in _NO_EDIT:
            another = update(owners).where(owners.c.id == owner.id).values(version=owners.c.version + 1)
            await self._turn.execute(another)
        self.touch("owner", owner.id)
        self.audit(f"{owner.kind.value}_{verb}", Subject(kind=owner.kind.value, id=owner.id, label=owner.login), detail)
