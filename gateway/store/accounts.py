"""What a person signs in with, and where they are signed in. Apart from `Owner`: no decision about a token reads it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, bindparam, select

from gateway.core.owner import Owner, OwnerKind
from gateway.store.records import OWNERS, owner
from gateway.store.tables import owners, sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """The password of a person at rest. `must_change`: somebody else chose it, so it opens nothing but its change."""

    hash: str
    set_at: datetime
    must_change: bool

    def __repr__(self) -> str:
        return f"Password(set_at={self.set_at!r}, must_change={self.must_change})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person and how they sign in; `password` None: not with a password."""

    owner: Owner
    password: Password | None


class SignedInBy(StrEnum):
    """How a session began."""

    PASSWORD = "password"
    SSO = "sso"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One session. `id` is a digest of the secret in the cookie; `proof_at`: when the password was typed last."""

    id: str
    owner_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    proof_at: datetime | None
    address: str
    user_agent: str
    how: SignedInBy


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """A session with whose it is, as one read of the store says it."""

    session: SessionRow
    account: Account


_PASSWORD = (owners.c.password_hash, owners.c.password_set_at, owners.c.password_must_change)
_SESSION = (
    sessions.c.id.label("session_id"),
    sessions.c.owner_id.label("session_owner_id"),
    sessions.c.created_at.label("session_created_at"),
    sessions.c.last_seen_at,
    sessions.c.expires_at.label("session_expires_at"),
    sessions.c.proof_at,
    sessions.c.address,
    sessions.c.user_agent,
    sessions.c.how,
)
# Only people who are there: a deleted owner and an application have no account, whatever their rows say.
IS_PERSON = (owners.c.kind == OwnerKind.USER.value) & owners.c.deleted_at.is_(None)
ACCOUNTS = OWNERS.add_columns(*_PASSWORD).where(IS_PERSON)
ACCOUNT_BY_LOGIN = ACCOUNTS.where(owners.c.login_folded == bindparam("wanted"))
ACCOUNT_BY_ID = ACCOUNTS.where(owners.c.id == bindparam("wanted"))
SESSION_BY_ID = (
    ACCOUNTS.add_columns(*_SESSION)
    .join_from(owners, sessions, sessions.c.owner_id == owners.c.id)
    .where(sessions.c.id == bindparam("wanted"))
)


def sessions_of(owner_id: str) -> Select[Any]:
    """The sessions of a person, the newest first; ended ones are not there, those that ran out may be."""
    return (
        select(*_SESSION).where(sessions.c.owner_id == owner_id).order_by(sessions.c.created_at.desc(), sessions.c.id)
    )


def account(row: Row[Any]) -> Account:
    """The account in a row."""
    password = None
    if row.password_hash is not None:
        password = Password(hash=row.password_hash, set_at=row.password_set_at, must_change=row.password_must_change)
    return Account(owner=owner(row), password=password)


def session(row: Row[Any]) -> SessionRow:
    """The session in a row."""
    return SessionRow(
        id=row.session_id,
        owner_id=row.session_owner_id,
        created_at=row.session_created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.session_expires_at,
        proof_at=row.proof_at,
        address=row.address,
        user_agent=row.user_agent,
        how=SignedInBy(row.how),
    )
