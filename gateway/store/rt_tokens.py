"""What is kept of tokens that came from Request Tracker: where to look for one, by its user and by its keyed digest.

The token itself, and its bcrypt hash as its secret, lie where all tokens lie. A row here whose digest was made with a
key that is still in use is found by that digest; the others have to be tried with bcrypt, and are called open.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Update, case, func, or_, select, update

from gateway.core.rt_token import MAX_COST, MIN_COST
from gateway.store.tables import rt_tokens, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class RtTokenRow:
    """One of them. `digest` and the id of its key are None before the first use."""

    row: int
    user_id: int
    token_id: str
    hash: str
    digest: bytes | None
    key_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RtTokenMoved:
    """That RT's token of this id was moved in, and whether it may still be used here."""

    rt_token_id: int
    is_revoked: bool


_ROW = (
    rt_tokens.c.id,
    rt_tokens.c.rt_user_id,
    rt_tokens.c.token_id,
    rt_tokens.c.hash,
    rt_tokens.c.digest,
    rt_tokens.c.key_id,
)
# The rounds of a hash, from the two digits behind `!bcrypt!`.
_ROUNDS = case(
    {f"{cost:02}": 1 << cost for cost in range(MIN_COST, MAX_COST + 1)},
    value=func.substr(rt_tokens.c.hash, 9, 2),
    else_=0,
)


def by_digest(digests: Collection[bytes]) -> Select[Any]:
    """The row that has one of the digests."""
    return select(*_ROW).where(rt_tokens.c.digest.in_(digests))


def open_of(user_id: int, key_ids: Collection[str]) -> Select[Any]:
    """The open rows of a user whose tokens are not revoked, the one used last first."""
    return (
        select(*_ROW)
        .join(tokens, tokens.c.id == rt_tokens.c.token_id)
        .where(rt_tokens.c.rt_user_id == user_id, _is_open(key_ids))
        .order_by(rt_tokens.c.id)
    )


def heaviest(key_ids: Collection[str]) -> Select[Any]:
    """The rounds that it takes to try all open rows of the user for whom that takes the most."""
    of_user = (
        select(func.sum(_ROUNDS).label("rounds"))
        .select_from(rt_tokens.join(tokens, tokens.c.id == rt_tokens.c.token_id))
        .where(_is_open(key_ids))
        .group_by(rt_tokens.c.rt_user_id)
        .subquery()
    )
    return select(func.coalesce(func.max(of_user.c.rounds), 0))


def moved_of(user_id: int) -> Select[Any]:
    """RT's ids of the user's tokens that were moved in, and when each was revoked."""
    return (
        select(rt_tokens.c.rt_token_id, tokens.c.revoked_at)
        .join(tokens, tokens.c.id == rt_tokens.c.token_id)
        .where(rt_tokens.c.rt_user_id == user_id)
    )


def set_digest(known: RtTokenRow, key_id: str, digest: bytes) -> Update:
    """Put the digest into the row, if that is as it was."""
    as_it_was = (rt_tokens.c.id == known.row) & rt_tokens.c.digest.is_not_distinct_from(known.digest)
    return update(rt_tokens).where(as_it_was).values(key_id=key_id, digest=digest)


def row(found: Row[Any]) -> RtTokenRow:
    """The value of a row."""
    return RtTokenRow(
        row=found.id,
        user_id=found.rt_user_id,
        token_id=found.token_id,
        hash=found.hash,
        digest=found.digest,
        key_id=found.key_id,
    )


def _is_open(key_ids: Collection[str]) -> ColumnElement[bool]:
    return tokens.c.revoked_at.is_(None) & or_(rt_tokens.c.digest.is_(None), rt_tokens.c.key_id.not_in(key_ids))
