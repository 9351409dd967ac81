"""Making a new store. Never over another, and whole or not at all."""

import secrets
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from gateway.store.audit import FIRST_MAC
from gateway.store.columns import to_microseconds
from gateway.store.copy import free_name
from gateway.store.errors import DatabaseRefused, StoreError, wrapped
from gateway.store.file import APPLICATION_ID, connect_writer, new_file, path_of, put_in_place, remove
from gateway.store.meta import StoreKey
from gateway.store.migrate import run
from gateway.store.patience import in_thread

BOUND = timedelta(milliseconds=100)


def new_epoch() -> str:
    """A fresh epoch: whoever finds another one than he knows drops everything that he remembers."""
    return secrets.token_hex(8)


async def create(
    url: str,
    *,
    brand: str,
    keys: Sequence[StoreKey],
    now: Callable[[], datetime],
    bound: timedelta = BOUND,
    serve_cached_for: timedelta = timedelta(0),
) -> None:
    """Make an empty store for tokens of that brand, with these keys registered. StoreError when the file exists."""
    path, at = path_of(url), now()
    millisecond = timedelta(milliseconds=1)
    first = {
        "epoch": new_epoch(),
        "brand": brand,
        "bound_ms": bound // millisecond,
        "serve_cached_for_ms": serve_cached_for // millisecond,
        "audit_mac": FIRST_MAC,
        "created_at": to_microseconds(at),
    }
    registered = [(key.id, key.check, to_microseconds(at)) for key in keys]
    await in_thread(lambda: _create(path, first, registered))


def _create(path: Path, first: dict[str, object], registered: list[tuple[str, str, int]]) -> None:
    if path.exists():
        raise DatabaseRefused(f"{path}: is there already; nothing was changed")
    unfinished = free_name(path, "new")
    try:
        new_file(unfinished)
        with closing(connect_writer(unfinished, busy_s=0)) as connection:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        run(unfinished)
        with closing(connect_writer(unfinished, busy_s=0)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "INSERT INTO meta"
                " (id, epoch, brand, bound_ms, serve_cached_for_ms, feed_seq, audit_seq, audit_mac, created_at) VALUES"
                " (1, :epoch, :brand, :bound_ms, :serve_cached_for_ms, 0, 0, :audit_mac, :created_at)",
                first,
            )
            connection.executemany("INSERT INTO keys (id, check_value, created_at) VALUES (?, ?, ?)", registered)
            connection.execute("COMMIT")
        put_in_place(unfinished, path)
    except sqlite3.Error as error:
        raise wrapped(error, path) from error
    except FileExistsError:
        raise DatabaseRefused(f"{path}: is there already; nothing was changed") from None
    except OSError as error:
        raise StoreError(f"{path}: cannot make the database: {error.strerror}") from error
    finally:
        remove(unfinished)
