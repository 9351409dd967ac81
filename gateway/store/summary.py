"""What is in the store, in numbers: for whoever looks after it. Nothing is written for it."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Select, column, distinct, func, select, table
from sqlalchemy.sql.selectable import ScalarSelect

from gateway.core.owner import OwnerKind
from gateway.store.tables import meta, owner_groups, owners, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The store's place and size, and what is in it. `log_bytes` are not yet in the file. `tokens`: not revoked."""

    kind: str
    version: str
    path: Path
    size: int
    log_bytes: int
    schema: str
    users: int
    applications: int
    tokens: int
    changes: int
    audit_rows: int


def counts() -> Select[Any]:
    """One row with all numbers."""
    revision = table("alembic_version", column("version_num"))
    return select(
        select(revision.c.version_num).scalar_subquery().label("schema"),
        _owners(OwnerKind.USER).label("users"),
        _owners(OwnerKind.APPLICATION).label("applications"),
        select(func.count()).select_from(tokens).where(tokens.c.revoked_at.is_(None)).scalar_subquery().label("tokens"),
        meta.c.feed_seq.label("changes"),
        meta.c.audit_seq.label("audit_rows"),
    )


async def summary(row: Any, path: Path) -> Summary:
    """The numbers of `counts`, with the sizes of the file and of its log."""

    def sizes() -> tuple[int, int]:
        log = path.with_name(path.name + "-wal")
        return path.stat().st_size, log.stat().st_size if log.exists() else 0

    size, log_bytes = await asyncio.to_thread(sizes)
    return Summary(
        kind="SQLite", version=sqlite3.sqlite_version, path=path, size=size, log_bytes=log_bytes, **row._mapping
    )


def members() -> Select[Any]:
    """How many owners are in each group, by kind; from however many sources somebody is in it, once."""
    return (
        select(owner_groups.c.name, owners.c.kind, func.count(distinct(owners.c.id)).label("members"))
        .join(owners, owners.c.id == owner_groups.c.owner_id)
        .where(owners.c.deleted_at.is_(None))
        .group_by(owner_groups.c.name, owners.c.kind)
    )


def by_group(rows: Sequence[Any]) -> Mapping[str, Mapping[OwnerKind, int]]:
    """The rows of `members`. Groups without a member are left out."""
    found: dict[str, dict[OwnerKind, int]] = {}
    for name, kind, count in rows:
        found.setdefault(name, {})[OwnerKind(kind)] = count
    return found


def _owners(kind: OwnerKind) -> ScalarSelect[Any]:
    counted = select(func.count()).select_from(owners)
    return counted.where(owners.c.kind == kind.value, owners.c.deleted_at.is_(None)).scalar_subquery()
