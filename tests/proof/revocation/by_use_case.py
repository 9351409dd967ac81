"""Each kind of change as a call in this process."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from gateway.auth.desk import Desk
from gateway.auth.groups import change_groups
from gateway.auth.owners import delete_owner, set_enabled
from gateway.auth.token_edit import edit_token
from gateway.auth.token_revoke import revoke_all, revoke_tokens
from gateway.auth.token_stops import suspend_all, suspend_tokens
from gateway.auth.tokens import rotate_token
from tests.proof.revocation import roster
from tests.proof.revocation.roster import ACTOR, Kind, Slot

GRACE = timedelta(seconds=0.25)


class ByUseCase:
    """Returns the new secret, where there is one."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def take(self, slot: Slot, moment: datetime) -> str | None:
        """Take the right away; `moment`: when an expiry is to be."""
        done = await _CALLS[slot.kind](self, slot, moment)
        return done if isinstance(done, str) else None

    async def _revoke(self, slot: Slot, _: datetime) -> object:
        return await revoke_tokens(self._desk, actor=ACTOR, references=slot.handles)

    async def _rotate(self, slot: Slot, _: datetime) -> str:
        grace = GRACE if slot.kind is roster.GRACE else timedelta(0)
        minted = await rotate_token(self._desk, actor=ACTOR, reference=slot.handles[0], grace=grace)
        return minted.whole.reveal()

    async def _expire(self, slot: Slot, moment: datetime) -> object:
        return await edit_token(self._desk, actor=ACTOR, reference=slot.handles[0], expires=moment)

    async def _cut(self, slot: Slot, _: datetime) -> object:
        return await edit_token(self._desk, actor=ACTOR, reference=slot.handles[0], scopes=["rest"])

    async def _suspend(self, slot: Slot, _: datetime) -> object:
        return await suspend_tokens(self._desk, actor=ACTOR, references=slot.handles)

    async def _disable(self, slot: Slot, _: datetime) -> object:
        return await set_enabled(self._desk, actor=ACTOR, kind=slot.owner_kind, login=slot.login, enabled=False)

    async def _delete(self, slot: Slot, _: datetime) -> object:
        return await delete_owner(self._desk, actor=ACTOR, kind=slot.owner_kind, login=slot.login)

    async def _ungroup(self, slot: Slot, _: datetime) -> object:
        return await change_groups(self._desk, actor=ACTOR, kind=slot.owner_kind, login=slot.login, remove=["staff"])

    async def _revoke_all(self, slot: Slot, _: datetime) -> object:
        return await revoke_all(self._desk, actor=ACTOR, owner_kind=slot.owner_kind, login=slot.login)

    async def _suspend_all(self, slot: Slot, _: datetime) -> object:
        return await suspend_all(self._desk, actor=ACTOR, owner_kind=slot.owner_kind, login=slot.login)


_CALLS: dict[Kind, Callable[[ByUseCase, Slot, datetime], Awaitable[object]]] = {
    roster.REVOKE: ByUseCase._revoke,
    roster.ROTATE: ByUseCase._rotate,
    roster.GRACE: ByUseCase._rotate,
    roster.EXPIRE: ByUseCase._expire,
    roster.CUT: ByUseCase._cut,
    roster.SUSPEND: ByUseCase._suspend,
    roster.DISABLE_USER: ByUseCase._disable,
    roster.DISABLE_APP: ByUseCase._disable,
    roster.DELETE_USER: ByUseCase._delete,
    roster.DELETE_APP: ByUseCase._delete,
    roster.UNGROUP: ByUseCase._ungroup,
    roster.REVOKE_ALL: ByUseCase._revoke_all,
    roster.SUSPEND_ALL: ByUseCase._suspend_all,
}
