"""Whom a token acts as, and what the store knows of the token: the values that a decision is made from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.core.network import Networks
from gateway.core.token import Kind

LOCAL, SSO = "local", "sso"  # where an owner's group comes from; each source replaces only its own


class OwnerKind(StrEnum):
    """A person with an account, or a service account."""

    USER = "user"
    APPLICATION = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The user or application that a token acts as. Groups and organisations are sorted and single.

    `sso`: a person who signs in elsewhere; `confirmed_at`: when the single sign-on last said that they still do.
    """

    id: str
    kind: OwnerKind
    login: str
    name: str = ""
    email: str = ""
    groups: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    enabled: bool = True
    sso: bool = False
    confirmed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A named, scoped, expiring credential of one owner, without its secrets.

    `hosts`: exact names or `*.x`; None: every host. `idle`: how long it may stay unused. `idled_at`: when it was ended
    for that; `expires_at` is then the same instant.
    """

    id: str
    kind: Kind
    owner_id: str
    name: str
    scopes: frozenset[str]
    created_at: datetime
    expires_at: datetime | None
    networks: Networks | None = None
    hosts: frozenset[str] | None = None
    idle: timedelta | None = None
    idled_at: datetime | None = None
    suspended_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSecret:
    """One secret of a token at rest. `ends_at` is set when a newer secret took over; from then on it is not usable.

    `ended_by_use_of`: the row of the newer secret whose first use ends this one, which it has not done yet.
    """

    row: int
    token_id: str
    scheme: str
    hash: str
    key_id: str
    tag: bytes
    created_at: datetime
    ends_at: datetime | None = None
    ended_by_use_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """What one read of the store says about a token: itself, its owner, and every secret that it still knows.

    `quiet_since`: its last use that was written down, or what counts as one (made, resumed, rotated, idle expiry set).
    `version` counts the changes of the token.
    """

    token: Token
    owner: Owner
    secrets: tuple[StoredSecret, ...]
    quiet_since: datetime | None = None
    version: int = 1

    def ended_by_use_of(self, secret: StoredSecret) -> int | None:
        """The row of the older secret that ends with the first use of this one; None when there is none."""
        for other in self.secrets:
            if other.ended_by_use_of == secret.row:
                return other.row
        return None
