"""Statements that read, and the values that their rows become. The same for every engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from sys import intern  # what many rows say alike is kept once
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Label,
    Row,
    Select,
    bindparam,
    exists,
    func,
    select,
)

from gateway.core.owner import Owner, OwnerKind, StoredSecret, Token, TokenRecord
from gateway.core.rt_token import RT_BCRYPT
from gateway.core.token import Kind
from gateway.store.columns import ALIKE
from gateway.store.tables import owner_groups, owner_organisations, owners, secrets, tokens, usage
from gateway.store.usage import Usage

SEPARATOR = "\n"  # between names that one column carries; no name may hold it


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

    `created_by_login`: where `created_by` is the id of an owner, its login, also when it was deleted since; None where
    it names no owner. `is_from_rt`: its current secret is the one that it had in Request Tracker.
    """

    token: Token
    owner: Owner
    created_by: str
    revoked_by: str | None
    created_by_login: str | None
    revoked_by_login: str | None
    usage: Usage
    quiet_since: datetime
    version: int
    is_from_rt: bool = False

    @property
    def creator(self) -> str:
        """Who made it, for people."""
        return self.created_by_login or self.created_by

    @property
    def revoker(self) -> str | None:
        """Who ended it, for people."""
        return self.revoked_by_login or self.revoked_by


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


def _login_of(column: ColumnElement[Any], label: str) -> Label[str]:
    """The login of the owner that a column names; the rows of owners stay for ever."""
    other = owners.alias()
    return select(other.c.login).where(other.c.id == column).scalar_subquery().label(label)


_WHO = (_login_of(tokens.c.created_by, "created_by_login"), _login_of(tokens.c.revoked_by, "revoked_by_login"))
TOKENS = select(*_TOKEN, *_OWNER, *_USAGE, *_WHO, _IS_FROM_RT).select_from(
    tokens.join(owners, tokens.c.owner_id == owners.c.id).join(usage, usage.c.token_id == tokens.c.id)
)


def fold(login: str) -> str:
    """The form in which logins are compared and are unique for ever."""
    return login.casefold()


def list_owners(kind: OwnerKind, *, with_deleted: bool) -> Select[Any]:
    """Owners of a kind, by login."""
    statement = OWNERS.where(owners.c.kind == kind.value).order_by(owners.c.login_folded)
    return statement if with_deleted else statement.where(owners.c.deleted_at.is_(None))


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
        created_by_login=row.created_by_login,
        revoked_by_login=row.revoked_by_login,
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


@lru_cache(ALIKE)
def _split(names: str | None) -> tuple[str, ...]:
    """Sorted and single: a group can come from here and from the single sign-on."""
    return tuple(sorted(set(names.split(SEPARATOR)))) if names else ()
