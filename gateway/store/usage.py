"""Use counts: written behind by every worker in any order, and the sum is the same.

Uses of a token's old secret that are written after a rotation count as since the rotation; the total is exact.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Delete, Select, Update, and_, bindparam, case, delete, or_, select
from sqlalchemy.dialects.sqlite import Insert, insert

from gateway.store.tables import tokens, usage, usage_days

DAYS_KEPT = 90


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


def add_day_statement() -> Insert:
    """Adds one `Use` to its day, that of the last of the uses that it counts. A token that is not there has no days."""
    used = select(tokens.c.id, bindparam("used_day"), bindparam("used_count")).where(
        tokens.c.id == bindparam("used_token")
    )
    added = insert(usage_days).from_select(["token_id", "day", "total"], used)
    return added.on_conflict_do_update(
        index_elements=["token_id", "day"], set_={"total": usage_days.c.total + added.excluded.total}
    )


def forget_days(now: datetime) -> Delete:
    """Drops the days that no chart shows any more."""
    return delete(usage_days).where(usage_days.c.day < (now - timedelta(days=DAYS_KEPT)).date().isoformat())


def days_of(token_id: str, since: date) -> Select[Any]:
    """The days of a token with a use, the oldest first."""
    found = select(usage_days.c.day, usage_days.c.total).order_by(usage_days.c.day)
    return found.where(usage_days.c.token_id == token_id, usage_days.c.day >= since.isoformat())


def use_parameters(use: Use) -> dict[str, Any]:
    """The parameters of `add_statement` and `add_day_statement`."""
    return {
        "used_token": use.token_id,
        "used_day": use.last_used_at.astimezone(UTC).date().isoformat(),
        "used_count": use.count,
        "used_at": use.last_used_at,
        "used_from": use.last_address,
    }
