"""Turns in a token's life that a check brings about, and that the store must hold before the check is answered.

    the first use of a new secret    ends the older one, where the rotation said so    then Allow
    the use of an idle token         ends the token, for good                          then the refusal

Each is one compare-and-set, committed, with its feed and audit rows. Whoever loses the race finds nothing left to do:
of any number of first uses at once one commits and all are allowed. When the store does not confirm within the
deadline, the check is refused as `unavailable`; the work goes on, and the next check finds it done.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.core.decision import Allow, Decision
from gateway.core.evidence import Evidence, Proven
from gateway.core.lifecycle import is_idle
from gateway.core.owner import Token, TokenRecord
from gateway.core.reason import Reason
from gateway.core.token import handle
from gateway.store import Change

COMMIT_DEADLINE_S = 1.0  # with a hash before it still below every shipped proxy timeout (2 s)
TRIES = 4  # of a check whose token changes under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is to be committed. `old_secret` None: the token ends because it is idle. `at`: of the decision."""

    token: Token
    secret: int
    at: datetime
    old_secret: int | None = None

    @property
    def token_id(self) -> str:
        """The token's id."""
        return self.token.id

    def handle(self, brand: str) -> str:
        """The token's public name."""
        return handle(brand, self.token.kind, self.token.id)


def turn_of(decision: Decision, evidence: Evidence, at: datetime) -> Turn | None:
    """The turn that must be taken before this decision may be answered; None for nearly every check."""
    if not isinstance(evidence, Proven):
        return None
    if isinstance(decision, Allow):
        if evidence.ends_secret is None:
            return None
        return Turn(token=evidence.token, secret=evidence.secret.row, at=at, old_secret=evidence.ends_secret)
    if decision.reason is Reason.IDLE and evidence.token.idled_at is None:
        return Turn(token=evidence.token, secret=evidence.secret.row, at=at)
    return None


class TurnStore(Protocol):
    """Where turns are committed."""

    async def load_token(self, token_id: str) -> TokenRecord | None:
        """One token with its owner and its secrets, in one round trip."""
        ...

    def change(self, *, actor: str, address: str = "") -> AbstractAsyncContextManager[Change]:
        """One transaction with its feed and audit rows."""
        ...


class Turns:
    """Takes turns, one commit for any number of checks that wait for the same. One per process, on the loop thread."""

    def __init__(self, store: TurnStore) -> None:
        self._store = store
        self._flights: dict[tuple[str, int | None], asyncio.Task[None]] = {}

    async def take(self, turn: Turn, *, address: str, write_uses: Callable[[], Awaitable[None]]) -> None:
        """Return when the turn is committed, or was not due. StoreError or TimeoutError when that is not known.

        `write_uses` writes down what this process has counted; a token's use here keeps it from ending.
        """
        key = (turn.token_id, turn.old_secret)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(self._commit(turn, address, write_uses))
            flight.add_done_callback(lambda done: self._landed(key, done))
        async with asyncio.timeout(COMMIT_DEADLINE_S):
            await asyncio.shield(flight)

    async def close(self) -> None:
        """Wait for what outlives its check."""
        await asyncio.gather(*self._flights.values(), return_exceptions=True)

    async def _commit(self, turn: Turn, address: str, write_uses: Callable[[], Awaitable[None]]) -> None:
        if turn.old_secret is not None:
            async with self._store.change(actor=turn.token.owner_id, address=address) as change:
                await change.end_by_use(turn.token_id, old=turn.old_secret, new=turn.secret)
            return
        await write_uses()
        if await self._is_idle_by_the_store(turn):
            async with self._store.change(actor=turn.token.owner_id, address=address) as change:
                await change.end_idle(turn.token_id)

    async def _is_idle_by_the_store(self, turn: Turn) -> bool:
        """A read first: a token that is in use elsewhere needs no writer, only to be read again."""
        record = await self._store.load_token(turn.token_id)
        return record is not None and is_idle(record.token, record.quiet_since, turn.at)

    def _landed(self, key: tuple[str, int | None], flight: asyncio.Task[None]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # seen here too: every check that waited for it may have gone away
