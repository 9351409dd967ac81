"""Pages of long lists: each begins after the last row of the one before, so rows written meanwhile move nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_

from gateway.core.owner import OwnerKind
from gateway.store.owner_filter import OwnerFilter, narrowed
from gateway.store.records import OwnerEntry, TokenEntry, list_owners
from gateway.store.tables import owners, tokens
from gateway.store.token_filter import TokenFilter, list_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerPage:
    """Owners, by login. `after` is where the next page begins; None when there is none."""

    rows: tuple[OwnerEntry, ...]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPlace:
    """Where in the list of all tokens, by age in either order, a page begins: after the one of this age and id."""

    created_at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPage:
    """Tokens, by age. `after` is where the next page begins; None when there is none."""

    rows: tuple[TokenEntry, ...]
    after: TokenPlace | None


def owners_after(after: str | None, limit: int, kind: OwnerKind, wanted: OwnerFilter) -> Select[Any]:
    """One row more than a page has, to see whether there is another. `after` is a folded login, of somebody or not."""
    statement = narrowed(list_owners(kind, with_deleted=False), wanted).limit(limit + 1)
    return statement if after is None else statement.where(owners.c.login_folded > after)


def tokens_after(
    after: TokenPlace | None, limit: int, wanted: TokenFilter, now: datetime, *, newest_first: bool
) -> Select[Any]:
    """One row more than a page has, to see whether there is another."""
    statement = list_tokens(wanted, now, newest_first=newest_first).limit(limit + 1)
    if after is None:
        return statement
    age, tie = tokens.c.created_at, tokens.c.id
    if newest_first:
        return statement.where(or_(age < after.created_at, and_(age == after.created_at, tie < after.id)))
    return statement.where(or_(age > after.created_at, and_(age == after.created_at, tie > after.id)))
