"""Changes to tokens that came from Request Tracker."""

from typing import Any

from sqlalchemy import insert

from gateway.store import rt_tokens as statements
from gateway.store.ledger import Ledger
from gateway.store.rt_tokens import RtTokenMoved
from gateway.store.tables import rt_tokens


class RtTokenChanges(Ledger):
    """The part of a `Change` that is about them. The token itself is added by `add_token`, which also audits it."""

    async def rt_tokens_of(self, user_id: int) -> tuple[RtTokenMoved, ...]:
        """The tokens of RT's user of that id that were moved in before, as this transaction sees them."""
        rows: Any = (await self._turn.execute(statements.moved_of(user_id))).all()
        return tuple(RtTokenMoved(rt_token_id=rt_id, is_revoked=revoked is not None) for rt_id, revoked in rows)

    async def add_rt_token(self, token_id: str, *, rt_token_id: int, user_id: int, stored_hash: str) -> None:
        """Say that the token is RT's token of that id. NameTaken: that one was moved in before."""
        values = {"rt_token_id": rt_token_id, "rt_user_id": user_id, "token_id": token_id, "hash": stored_hash}
        await self._turn.execute(insert(rt_tokens).values(values))
