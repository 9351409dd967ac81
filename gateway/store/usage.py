"""Use counts: written behind by every worker in any order, and the sum is the same.

Uses of a token's old secret that are written after a rotation count as since the rotation; the total is exact.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Update, and_, bindparam, case, or_

from gateway.store.tables import usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """How often a token was used since the last report, and when and from where the last time."""

    token_id: str
    count: int
    last_used_at: datetime
    last_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What the store knows of a token's use. `last_used_at` None: never used."""

    total: int = 0
    since_rotation: int = 0
    last_used_at: datetime | None = None
    last_address: str = ""


def add_statement() -> Update:
    """Adds one `Use`. Commutative: the later use gives the address, and of two at once the greater address."""
    at: Any = bindparam("used_at", type_=usage.c.last_used_at.type)
    address: Any = bindparam("used_from", type_=usage.c.last_address.type)
    is_later = or_(
        usage.c.last_used_at.is_(None),
        usage.c.last_used_at < at,
        and_(usage.c.last_used_at == at, usage.c.last_address < address),
    )
    return (
        usage.update()
        .where(usage.c.token_id == bindparam("used_token"))
        .values(
            total=usage.c.total + bindparam("used_count"),
            since_rotation=usage.c.since_rotation + bindparam("used_count"),
            last_used_at=case((is_later, at), else_=usage.c.last_used_at),
            last_address=case((is_later, address), else_=usage.c.last_address),
        )
    )


def use_parameters(use: Use) -> dict[str, Any]:
    """The parameters of `add_statement`."""
    return {
        "used_token": use.token_id,
        "used_count": use.count,
        "used_at": use.last_used_at,
        "used_from": use.last_address,
    }
