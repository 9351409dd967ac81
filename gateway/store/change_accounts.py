"""Changes to how people sign in, and to where they are signed in."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, or_, select, update

from gateway.core.owner import Owner
from gateway.store.accounts import (
    ACCOUNT_BY_ID,
    IS_PERSON,
    SESSION_BY_ID,
    Account,
    SessionRecord,
    SessionRow,
    SignedInBy,
    account,
    session,
)
from gateway.store.audit import Subject
from gateway.store.errors import NotFound
from gateway.store.ledger import Ledger
from gateway.store.tables import owner_groups, owners, sessions

SIGN_IN = Subject(kind="gateway", id="sign-in")
SESSIONS_KEPT = 32  # of one person; an older one ends when another begins


class AccountChanges(Ledger):
    """The part of a `Change` that is about signing in. No feed row: no check asks for any of it, every look-up of a
    session reads the store.
    """

    async def account(self, owner_id: str) -> Account | None:
        """The person as this transaction sees them; None for an application, and for who is not there."""
        row = (await self._turn.execute(ACCOUNT_BY_ID, {"wanted": owner_id})).one_or_none()
        return None if row is None else account(row)

    async def session(self, session_id: str) -> SessionRecord | None:
        """The session as this transaction sees it."""
        row = (await self._turn.execute(SESSION_BY_ID, {"wanted": session_id})).one_or_none()
        return None if row is None else SessionRecord(session=session(row), account=account(row))

    async def is_another_person(self, *, besides: str, groups: Collection[str] | None) -> bool:
        """Whether somebody else who can sign in is in one of these groups; None: in any, or in none."""
        can_sign_in = owners.c.enabled & or_(owners.c.password_hash.is_not(None), owners.c.sso)
        found = select(owners.c.id).where(IS_PERSON, can_sign_in, owners.c.id != besides)
        if groups is not None:
            in_one = (owner_groups.c.owner_id == owners.c.id) & owner_groups.c.name.in_(sorted(groups))
            found = found.where(exists().where(in_one))
        return (await self._turn.execute(found.limit(1))).first() is not None

    async def set_password(self, owner_id: str, password_hash: str, *, must_change: bool) -> int:
        """Give a person another password, and end their sessions; their tokens stay. NotFound.

        Returns how many sessions were ended.
        """
        owner = await self._person(owner_id)
        values: dict[str, Any] = {"password_hash": password_hash, "password_set_at": self.at}
        values["password_must_change"] = must_change
        await self._turn.execute(update(owners).where(owners.c.id == owner_id).values(**values))
        ended = await self._drop(owner_id)
        self._account_done("password_set", owner, {"must_change": must_change, "sessions_ended": ended})
        return ended

    async def begin_session(self, new: SessionRow) -> None:
        """Let somebody in. The person's oldest sessions end where there are too many. NotFound."""
        owner = await self._person(new.owner_id)
        await self._turn.execute(delete(sessions).where(sessions.c.expires_at <= self.at))
        values: dict[str, Any] = {field: getattr(new, field) for field in SessionRow.__dataclass_fields__}
        await self._turn.execute(insert(sessions).values(**values | {"how": new.how.value}))
        newest = select(sessions.c.id).where(sessions.c.owner_id == new.owner_id)
        newest = newest.order_by(sessions.c.created_at.desc(), sessions.c.id != new.id, sessions.c.id)
        too_old = (await self._turn.execute(newest.offset(SESSIONS_KEPT))).scalars().all()
        if too_old:
            await self._turn.execute(delete(sessions).where(sessions.c.id.in_(too_old)))
        self._account_done("signed_in", owner, {"how": new.how.value, "session": new.id[:8]})

    async def prove_session(self, session_id: str) -> bool:
        """Note that the password was typed now; False when the session is not there."""
        return await self._set_session(session_id, proof_at=self.at)

    async def end_session(self, session_id: str, *, owner_id: str) -> bool:
        """End a session of this person; False, and nothing written, when there is no such."""
        owner = await self._person(owner_id)
        own = (sessions.c.id == session_id) & (sessions.c.owner_id == owner_id)
        if (await self._turn.execute(delete(sessions).where(own))).rowcount != 1:
            return False
        self._account_done("signed_out", owner, {"session": session_id[:8]})
        return True

    async def end_sessions(self, owner_id: str, *, besides: str = "") -> int:
        """End a person's sessions, all but one at the most; how many there were. NotFound."""
        owner = await self._person(owner_id)
        ended = await self._drop(owner_id, besides=besides)
        if ended:
            self._account_done("sessions_ended", owner, {"count": ended})
        return ended

    async def note_refused_sign_in(self, owner_id: str, *, times: int, reason: str = "") -> None:
        """Write down that somebody failed to sign in as this person. NotFound. `reason`: of the single sign-on's."""
        self._account_done("sign_in_refused", await self._person(owner_id), _failed(times, reason))

    def note_refused_stranger(self, login: str, *, times: int, reason: str) -> None:
        """Write down that somebody failed to sign in by the single sign-on who is no person here; `login` may be
        empty.
        """
        self.audit("sign_in_refused", replace(SIGN_IN, label=login), _failed(times, reason))

    async def _person(self, owner_id: str) -> Owner:
        found = await self.account(owner_id)
        if found is None:
            raise NotFound(f"{owner_id}: no such person")
        return found.owner

    async def _drop(self, owner_id: str, *, besides: str = "") -> int:
        gone = delete(sessions).where(sessions.c.owner_id == owner_id, sessions.c.id != besides)
        return (await self._turn.execute(gone)).rowcount

    async def _set_session(self, session_id: str, **values: datetime) -> bool:
        result = await self._turn.execute(update(sessions).where(sessions.c.id == session_id).values(**values))
        return result.rowcount == 1

    def _account_done(self, action: str, owner: Owner, detail: dict[str, Any]) -> None:
        self.audit(action, Subject(kind=owner.kind.value, id=owner.id, label=owner.login), detail)


def _failed(times: int, reason: str) -> dict[str, Any]:
    return {"times": times} | ({"how": SignedInBy.SSO.value, "reason": reason} if reason else {})
