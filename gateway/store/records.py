"""Statements that read, and the values that their rows become. The same for every engine."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from sys import intern  # what many rows say alike is kept once
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    type_coerce,
)

from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token, TokenRecord
from gateway.core.rt_token import RT_BCRYPT
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
    """An owner in a list. `version` counts its changes."""

    owner: Owner
    created_at: datetime
    deleted_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEntry:
    """A token in a list, with who made and ended it, and its use.

    `is_from_rt`: its current secret is the one that it had in Request Tracker.
    """

    token: Token
    owner: Owner
    created_by: str
    revoked_by: str | None
    usage: Usage
    quiet_since: datetime
    version: int
    is_from_rt: bool = False


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
    owners.c.sso,
    owners.c.confirmed_at,
    owners.c.version.label("owner_version"),
    _names(owner_groups, "groups"),
    _names(owner_organisations, "organisations"),
)
_TOKEN = (
    tokens.c.id.label("token_id"),
    tokens.c.kind.label("token_kind"),
    tokens.c.name.label("token_name"),
    tokens.c.scopes,
    tokens.c.networks,
    tokens.c.hosts,
    tokens.c.idle_s,
    tokens.c.quiet_from,
    tokens.c.idled_at,
    tokens.c.version,
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
    secrets.c.ended_by_use_of,
)
_USAGE = (usage.c.total, usage.c.since_rotation, usage.c.last_used_at, usage.c.last_address)

TOKEN_RECORD = (
    select(*_TOKEN, *_OWNER, *_SECRET, usage.c.last_used_at)
    .select_from(
        tokens.join(owners, tokens.c.owner_id == owners.c.id)
        .outerjoin(usage, usage.c.token_id == tokens.c.id)
        .outerjoin(secrets, secrets.c.token_id == tokens.c.id)
    )
    .where(tokens.c.id == bindparam("wanted"))
    .order_by(secrets.c.id.desc())
)
OWNERS = select(*_OWNER)
OWNER_BY_ID = OWNERS.where(owners.c.id == bindparam("wanted"))
OWNER_BY_LOGIN = OWNERS.where(owners.c.login_folded == bindparam("wanted"))
_IS_FROM_RT = (
    exists()
    .where(secrets.c.token_id == tokens.c.id, secrets.c.ends_at.is_(None), secrets.c.scheme == RT_BCRYPT)
    .label("is_from_rt")
)
TOKENS = select(*_TOKEN, *_OWNER, *_USAGE, _IS_FROM_RT).select_from(
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
        yield _owner_is_in(owner_groups, wanted.group)
    if wanted.organisation is not None:
        yield _owner_is_in(owner_organisations, wanted.organisation)
    yield from _ends(wanted)
    if wanted.name:
        yield _holds(tokens.c.name, wanted.name)


def _ends(wanted: TokenFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.expires_before is not None:
        yield tokens.c.expires_at < wanted.expires_before
    if wanted.expires_after is not None:
        yield tokens.c.expires_at >= wanted.expires_after
    if wanted.never_expires:
        yield tokens.c.expires_at.is_(None)


def _holds(column: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """By `replace`: in LIKE, some characters stand for others. Only ASCII is folded, as SQLite's `lower` does."""
    folded = func.lower(column)
    return func.replace(folded, func.lower(part), "") != folded


def _has_word(column: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """By `replace`, whose case counts in every engine; that of LIKE does not in SQLite."""
    if word.split() != [word]:
        return false()
    words = literal(" ") + type_coerce(column, Text) + literal(" ")
    return func.replace(words, f" {word} ", "") != words


def _owner_is_in(table: Table, name: str) -> ColumnElement[bool]:
    return exists().where(table.c.owner_id == tokens.c.owner_id, table.c.name == name)


def owner_entry(row: Row[Any]) -> OwnerEntry:
    """An owner with the dates of its account."""
    return OwnerEntry(
        owner=owner(row), created_at=row.owner_created_at, deleted_at=row.deleted_at, version=row.owner_version
    )


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
        quiet_since=_quiet_since(row),
        version=row.version,
        is_from_rt=row.is_from_rt,
    )


def token_record(rows: Sequence[Row[Any]]) -> TokenRecord | None:
    """One record from the rows of `TOKEN_RECORD`, one a secret, the newest first; None when there are none."""
    if not rows:
        return None
    return TokenRecord(
        token=token(rows[0]),
        owner=owner(rows[0]),
        secrets=tuple(_secret(row) for row in rows if row.secret_row is not None),
        quiet_since=_quiet_since(rows[0]),
        version=rows[0].version,
    )


def owner(row: Row[Any]) -> Owner:
    """The owner in a row. A deleted one is not enabled."""
    return Owner(
        id=intern(row.owner_id),
        kind=OwnerKind(row.owner_kind),
        login=row.login,
        name=row.owner_name,
        email=row.email,
        groups=_split(row.groups),
        organisations=_split(row.organisations),
        enabled=row.enabled and row.deleted_at is None,
        sso=row.sso,
        confirmed_at=row.confirmed_at,
    )


def token(row: Row[Any]) -> Token:
    """The token in a row."""
    return Token(
        id=row.token_id,
        kind=Kind(row.token_kind),
        owner_id=intern(row.owner_id),
        name=row.token_name,
        scopes=row.scopes,
        networks=row.networks,
        hosts=row.hosts,
        idle=row.idle_s,
        idled_at=row.idled_at,
        created_at=row.token_created_at,
        expires_at=row.expires_at,
        suspended_at=row.suspended_at,
        revoked_at=row.revoked_at,
    )


def _secret(row: Row[Any]) -> StoredSecret:
    return StoredSecret(
        row=row.secret_row,
        token_id=row.token_id,
        scheme=intern(row.scheme),
        hash=row.hash,
        key_id=intern(row.key_id),
        tag=row.tag,
        created_at=row.secret_created_at,
        ends_at=row.ends_at,
        ended_by_use_of=row.ended_by_use_of,
    )


def _quiet_since(row: Row[Any]) -> datetime:
    known: tuple[datetime | None, ...] = (row.token_created_at, row.quiet_from, row.last_used_at)
    return max(at for at in known if at is not None)


def _split(names: str | None) -> tuple[str, ...]:
    """Sorted and single: a group can come from here and from the single sign-on."""
    return tuple(sorted(set(names.split(SEPARATOR)))) if names else ()
