"""Statements that read, and the values that their rows become. The same for every engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Label, Row, Select, bindparam, func, or_, select

from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token, TokenRecord
from gateway.core.token import Kind
from gateway.store.tables import owner_groups, owner_organisations, owners, secrets, tokens, usage
from gateway.store.usage import Usage

SEPARATOR = "\n"  # between names that one column carries; no name may hold it


class TokenState(StrEnum):
    """What a list of tokens can be narrowed to. Each token is in exactly one."""

    LIVE = "live"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerEntry:
    """An owner in a list."""

    owner: Owner
    created_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEntry:
    """A token in a list, with who made and ended it, and its use."""

    token: Token
    owner: Owner
    created_by: str
    revoked_by: str | None
    usage: Usage


def _names(table: FromClause, label: str) -> Label[str]:
    """The owner's names in `table` as one column, so that a record is one statement and not a product of rows."""
    names = select(func.aggregate_strings(table.c.name, SEPARATOR)).where(table.c.owner_id == owners.c.id)
    return names.scalar_subquery().label(label)


_OWNER = (
    owners.c.id.label("owner_id"),
    owners.c.kind.label("owner_kind"),
    owners.c.login,
    owners.c.name.label("owner_name"),
    owners.c.email,
    owners.c.enabled,
    owners.c.created_at.label("owner_created_at"),
    owners.c.deleted_at,
    _names(owner_groups, "groups"),
    _names(owner_organisations, "organisations"),
)
_TOKEN = (
    tokens.c.id.label("token_id"),
    tokens.c.kind.label("token_kind"),
    tokens.c.name.label("token_name"),
    tokens.c.scopes,
    tokens.c.networks,
    tokens.c.created_at.label("token_created_at"),
    tokens.c.created_by,
    tokens.c.expires_at,
    tokens.c.suspended_at,
    tokens.c.revoked_at,
    tokens.c.revoked_by,
)
_SECRET = (
    secrets.c.id.label("secret_row"),
    secrets.c.scheme,
    secrets.c.hash,
    secrets.c.key_id,
    secrets.c.tag,
    secrets.c.created_at.label("secret_created_at"),
    secrets.c.ends_at,
)
_USAGE = (usage.c.total, usage.c.since_rotation, usage.c.last_used_at, usage.c.last_address)

TOKEN_RECORD = (
    select(*_TOKEN, *_OWNER, *_SECRET)
    .select_from(tokens.join(owners, tokens.c.owner_id == owners.c.id).outerjoin(secrets))
    .where(tokens.c.id == bindparam("wanted"))
    .order_by(secrets.c.id.desc())
)
OWNERS = select(*_OWNER)
OWNER_BY_ID = OWNERS.where(owners.c.id == bindparam("wanted"))
OWNER_BY_LOGIN = OWNERS.where(owners.c.login_folded == bindparam("wanted"))
TOKENS = select(*_TOKEN, *_OWNER, *_USAGE).select_from(
    tokens.join(owners, tokens.c.owner_id == owners.c.id).join(usage, usage.c.token_id == tokens.c.id)
)


def fold(login: str) -> str:
    """The form in which logins are compared and are unique for ever."""
    return login.casefold()


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


def list_owners(kind: OwnerKind, *, with_deleted: bool) -> Select[Any]:
    """Owners of a kind, by login."""
    statement = OWNERS.where(owners.c.kind == kind.value).order_by(owners.c.login_folded)
    return statement if with_deleted else statement.where(owners.c.deleted_at.is_(None))


def list_tokens(*, owner_id: str | None, kind: Kind | None, state: TokenState | None, now: datetime) -> Select[Any]:
    """Tokens that pass every filter given, oldest first."""
    statement = TOKENS.order_by(tokens.c.created_at, tokens.c.id)
    if owner_id is not None:
        statement = statement.where(tokens.c.owner_id == owner_id)
    if kind is not None:
        statement = statement.where(tokens.c.kind == kind.value)
    return statement if state is None else statement.where(in_state(state, now))


def owner_entry(row: Row[Any]) -> OwnerEntry:
    """An owner with the dates of its account."""
    return OwnerEntry(owner=owner(row), created_at=row.owner_created_at, deleted_at=row.deleted_at)


def token_entry(row: Row[Any]) -> TokenEntry:
    """A token as lists show it."""
    return TokenEntry(
        token=token(row),
        owner=owner(row),
        created_by=row.created_by,
        revoked_by=row.revoked_by,
        usage=Usage(
            total=row.total,
            since_rotation=row.since_rotation,
            last_used_at=row.last_used_at,
            last_address=row.last_address,
        ),
    )


def token_record(rows: Sequence[Row[Any]]) -> TokenRecord | None:
    """One record from the rows of `TOKEN_RECORD`, one a secret, the newest first; None when there are none."""
    if not rows:
        return None
    return TokenRecord(
        token=token(rows[0]),
        owner=owner(rows[0]),
        secrets=tuple(_secret(row) for row in rows if row.secret_row is not None),
    )


def owner(row: Row[Any]) -> Owner:
    """The owner in a row. A deleted one is not enabled."""
    return Owner(
        id=row.owner_id,
        kind=OwnerKind(row.owner_kind),
        login=row.login,
        name=row.owner_name,
        email=row.email,
        groups=_split(row.groups),
        organisations=_split(row.organisations),
        enabled=row.enabled and row.deleted_at is None,
    )


def token(row: Row[Any]) -> Token:
    """The token in a row."""
    return Token(
        id=row.token_id,
        kind=Kind(row.token_kind),
        owner_id=row.owner_id,
        name=row.token_name,
        scopes=row.scopes,
        networks=row.networks,
        created_at=row.token_created_at,
        expires_at=row.expires_at,
        suspended_at=row.suspended_at,
        revoked_at=row.revoked_at,
    )


def _secret(row: Row[Any]) -> StoredSecret:
    return StoredSecret(
        row=row.secret_row,
        token_id=row.token_id,
        scheme=row.scheme,
        hash=row.hash,
        key_id=row.key_id,
        tag=row.tag,
        created_at=row.secret_created_at,
        ends_at=row.ends_at,
    )


def _split(names: str | None) -> tuple[str, ...]:
    """Sorted and single: a group can come from here and from the single sign-on."""
    return tuple(sorted(set(names.split(SEPARATOR)))) if names else ()
