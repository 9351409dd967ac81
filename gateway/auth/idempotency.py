"""Requests that may be sent again: a client that did not see the answer repeats it and makes no second token.

Whoever makes a token or a secret in a change asks `once` to do it. What came of it is stored in that very change: after
a crash either both are there or neither. The first answer's secret is nowhere to be read again, so a repetition gives
a new one in its place, as long as nobody has used it.
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from gateway.auth.refused import Refused
from gateway.core.owner import StoredSecret
from gateway.core.power import Actor
from gateway.store import Change, Earlier, IdempotencyKey

MAX_KEY = 255
FIELD = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One request with a key. The same key with another `request_hash` is another request, and is refused."""

    key: IdempotencyKey
    request_hash: str
    begun_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """The token of a request and the row of its secret. `again`: the request came before."""

    token_id: str
    secret_row: int
    again: bool = False


def attempt(*, actor: Actor, operation: str, key: str, request: bytes, now: datetime) -> Attempt:
    """The attempt of this caller. `request` is all that the request says, in one spelling. Refused `bad_value`."""
    if not key or len(key) > MAX_KEY or not key.isascii() or not key.isprintable():
        raise Refused(
            "bad_value",
            field=FIELD,
            message=f"{FIELD} is not a key",
            mend=f"use 1 to {MAX_KEY} printable ASCII characters, a new UUID for instance",
        )
    # A token and a session of one person are two callers: neither may fetch the secrets that the other asked for.
    who = actor.token or actor.owner
    named = IdempotencyKey(
        caller=f"{actor.how.value}:{actor.name if who is None else who.id}",
        operation=operation,
        key_hash=sha256(key.encode("ascii")).hexdigest(),
    )
    return Attempt(key=named, request_hash=sha256(request).hexdigest(), begun_at=now)


class Repeats:
    """The attempts that this process is at. Loop thread only."""

    def __init__(self) -> None:
        self._running: set[IdempotencyKey] = set()

    @contextmanager
    def at(self, running: Attempt | None) -> Iterator[None]:
        """Be at it until the block ends, however it does. Refused `idempotency_in_flight` when somebody is."""
        if running is None:
            yield
            return
        if running.key in self._running:
            raise _in_flight()
        self._running.add(running.key)
        try:
            yield
        finally:
            self._running.discard(running.key)


async def once(
    change: Change, asked: Attempt | None, secret: StoredSecret, make: Callable[[], Awaitable[Made]]
) -> Made:
    """Do `make`, which stores `secret`, or, when the request came before, put `secret` in the place of what it made.

    Inside the change, after everything that may refuse it. Without an attempt it is just `make`. Refused
    `idempotency_mismatch` for another request under the same key, `idempotency_used` when the first secret was used,
    or is not the token's current one any more.
    """
    if asked is None:
        return await make()
    before = await change.earlier(asked.key)
    if before is None:
        made = await make()
        kept = Earlier(
            request_hash=asked.request_hash,
            token_id=made.token_id,
            secret_row=made.secret_row,
            created_at=change.at,
        )
        await change.remember(asked.key, kept)
        return made
    if before.request_hash != asked.request_hash:
        raise Refused(
            "idempotency_mismatch",
            field=FIELD,
            message="this key came with another request before",
            mend="use a new key for a new request",
        )
    if (
        before.created_at >= asked.begun_at
    ):  # in another process: its answer is on the way, with a secret that must live
        raise _in_flight()
    stored = await change.replace_unused(before.token_id, before.secret_row, secret)
    if stored is None:
        raise Refused(
            "idempotency_used",
            field=FIELD,
            message="this request was answered, and the token that came of it has been used or changed since",
            mend="look the token up; use a new key for a new request",
        )
    await change.remember_again(asked.key, stored.row)
    return Made(token_id=before.token_id, secret_row=stored.row, again=True)


def _in_flight() -> Refused:
    return Refused(
        "idempotency_in_flight",
        field=FIELD,
        message="the same request is being worked on",
        mend="wait for its answer, or send it again in a moment",
    )
