"""Which tokens a list shows, as conditions of one statement. The same for every engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, false, func, literal, or_, type_coerce

from gateway.core.token import Kind
from gateway.store.conditions import has_part, is_named
from gateway.store.records import TOKENS
from gateway.store.tables import owner_groups, owner_organisations, tokens


class TokenState(StrEnum):
    """What a list of tokens can be narrowed to. Each token is in exactly one."""

    LIVE = "live"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which tokens a list shows: those that pass everything given (PARITY R26)."""

    owner_id: str | None = None
    kind: Kind | None = None
    state: TokenState | None = None
    scope: str | None = None
    group: str | None = None  # of the owner, from any source
    organisation: str | None = None  # of the owner
    expires_before: datetime | None = None  # tokens that never expire do not pass this, nor the next
    expires_after: datetime | None = None
    never_expires: bool = False
    name: str | None = None  # a part of it; ASCII letters in either case


def is_unended(now: datetime) -> ColumnElement[bool]:
    """Tokens that are neither revoked nor expired: those whose names count as taken."""
    return tokens.c.revoked_at.is_(None) & or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now)


def in_state(state: TokenState, now: datetime) -> ColumnElement[bool]:
    """The filter for one state; what is final comes first, as in `core.lifecycle.token_state`."""
    match state:
        case TokenState.REVOKED:
            return tokens.c.revoked_at.is_not(None)
        case TokenState.EXPIRED:
            return tokens.c.revoked_at.is_(None) & (tokens.c.expires_at <= now)
        case TokenState.SUSPENDED:
            return is_unended(now) & tokens.c.suspended_at.is_not(None)
        case TokenState.LIVE:
            return is_unended(now) & tokens.c.suspended_at.is_(None)


def list_tokens(wanted: TokenFilter, now: datetime, *, newest_first: bool = False) -> Select[Any]:
    """Tokens that pass the filter, by age."""
    order = (tokens.c.created_at, tokens.c.id)
    return TOKENS.where(*_demands(wanted, now)).order_by(*(one.desc() if newest_first else one for one in order))


def _demands(wanted: TokenFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    if wanted.owner_id is not None:
        yield tokens.c.owner_id == wanted.owner_id
    if wanted.kind is not None:
        yield tokens.c.kind == wanted.kind.value
    if wanted.state is not None:
        yield in_state(wanted.state, now)
    if wanted.scope is not None:
        yield _has_word(tokens.c.scopes, wanted.scope)
    if wanted.group is not None:
        yield is_named(owner_groups, tokens.c.owner_id, wanted.group)
    if wanted.organisation is not None:
        yield is_named(owner_organisations, tokens.c.owner_id, wanted.organisation)
    yield from _ends(wanted)
    if wanted.name:
        yield has_part(tokens.c.name, wanted.name)


def _ends(wanted: TokenFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.expires_before is not None:
        yield tokens.c.expires_at < wanted.expires_before
    if wanted.expires_after is not None:
        yield tokens.c.expires_at >= wanted.expires_after
    if wanted.never_expires:
        yield tokens.c.expires_at.is_(None)


def _has_word(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """By `replace`, whose case counts in every engine; that of LIKE does not in SQLite."""
    if word.split() != [word]:
        return false()
    words = literal(" ") + type_coerce(column, Text) + literal(" ")
    return func.replace(words, f" {word} ", "") != words
