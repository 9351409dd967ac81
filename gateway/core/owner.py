"""Whom a token acts as, and what the store knows of the token: the values that a decision is made from."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.core.network import Networks
from gateway.core.token import Kind


class OwnerKind(StrEnum):
    """A person with an account, or a service account."""

    USER = "user"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The user or application that a token acts as. Groups and organisations are sorted and single."""

    id: str
    kind: OwnerKind
    login: str
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A named, scoped, expiring credential of one owner, without its secrets."""

    id: str
    kind: Kind
    owner_id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    networks: Networks | None = None
    suspended_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """One secret of a token at rest. `ends_at` is set when a newer secret took over; from then on it is not usable."""

    row: int
    token_id: str
    scheme: str
    hash: str
    key_id: str
    tag: bytes
    created_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """What one read of the store says about a token: itself, its owner, and every secret that it still knows."""

    token: Token
    owner: Owner
    secrets: tuple[StoredSecret, ...]
