"""What an operator wants to know of the store's file. Nothing is migrated or written for it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.store.errors import wrapped
from gateway.store.file import Identity, connect_untouching, identify, path_of
from gateway.store.migrate import head
from gateway.store.patience import Limits, in_thread

_COUNTS = """
SELECT (SELECT count(*) FROM owners WHERE kind = 'user' AND deleted_at IS NULL),
       (SELECT count(*) FROM owners WHERE kind = 'application' AND deleted_at IS NULL),
       (SELECT count(*) FROM tokens WHERE revoked_at IS NULL),
       feed_seq, audit_seq, bound_ms, serve_cached_for_ms
FROM meta
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The store's file, and what is in it. `tokens` are those not revoked; `log_bytes` is not yet in the file."""

    path: Path
    size: int
    log_bytes: int
    schema: str
    schema_known: str
    brand: str
    epoch: str
    bound_ms: int
    serve_cached_for_ms: int
    users: int
    applications: int
    tokens: int
    changes: int
    audit_rows: int
    keys: tuple[str, ...]
    sqlite: str


async def describe(url: str, *, limits: Limits = Limits()) -> Description:  # noqa: B008  frozen
    """Describe the store. StoreError when it is missing, not ours, or cannot be read."""
    path = path_of(url)
    return await in_thread(lambda: _describe(path, identify(path, busy_s=limits.busy_s), limits))


def _describe(path: Path, identity: Identity, limits: Limits) -> Description:
    log = path.with_name(path.name + "-wal")
    try:
        with closing(connect_untouching(path, busy_s=limits.busy_s)) as connection:
            ((users, applications, tokens, changes, audit_rows, bound_ms, cached_ms),) = connection.execute(
                _COUNTS
            ).fetchall()
            keys = tuple(key for (key,) in connection.execute("SELECT id FROM keys ORDER BY created_at, id"))
    except sqlite3.Error as error:
        raise wrapped(error, path) from error
    return Description(
        path=path,
        size=path.stat().st_size,
        log_bytes=log.stat().st_size if log.exists() else 0,
        schema=identity.revision,
        schema_known=head(),
        brand=identity.brand,
        epoch=identity.epoch,
        bound_ms=bound_ms,
        serve_cached_for_ms=cached_ms,
        users=users,
        applications=applications,
        tokens=tokens,
        changes=changes,
        audit_rows=audit_rows,
        keys=keys,
        sqlite=sqlite3.sqlite_version,
    )
