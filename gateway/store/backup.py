"""Backup and restore, while servers run. SQLite only.

A restore reaches running servers: it is one write into the live file, under a new epoch, so that they drop every cache.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gateway.store.audit import Subject
from gateway.store.back_again import BackAgain, back_again
from gateway.store.copy import free_name, online_copy
from gateway.store.create import new_epoch
from gateway.store.errors import InstallationMismatch, StoreError, StoreUnavailable, wrapped
from gateway.store.file import Identity, connect_writer, identify, path_of, put_in_place, refuse_newer, remove
from gateway.store.lock import FileLock
from gateway.store.meta import StoreKey
from gateway.store.migrate import head, run
from gateway.store.patience import Limits, in_thread
from gateway.store.store import Store

_PASSING = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy that was made."""

    path: Path
    size: int
    identity: Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A restore that was made. `kept` is the copy of what was there before; None when there was nothing. `back`: what
    was stopped there and is not any more; None when that cannot be told.
    """

    epoch: str
    kept: Path | None
    back: BackAgain | None


async def backup(url: str, target: Path, *, limits: Limits = Limits()) -> Backup:  # noqa: B008  frozen
    """Copy one moment of the store to a new file of mode 0600, never over another. Servers go on. StoreError."""
    path = path_of(url)
    return await in_thread(lambda: _backup(path, target, limits))


async def restore(
    url: str,
    source: Path,
    *,
    actor: str,
    keys: Sequence[StoreKey],
    now: Callable[[], datetime],
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Restored:
    """Put a backup in the place of the store's content, after a copy of that beside it.

    The backup may be of an older schema. It is made ready apart, so that the live file changes in one step or not at
    all: migrated, under a new epoch, with an audit row, and with the current key registered. DatabaseRefused when
    the file is not a gateway's, of another brand or newer; then nothing was changed.
    """
    path, at = path_of(url), now()
    ready = await in_thread(lambda: _prepare(path, source, limits))
    try:
        epoch = await _renew(ready, source, actor=actor, keys=keys, now=now, limits=limits)
        kept = await in_thread(partial(_replace, path, ready, at, limits))
    finally:
        remove(ready)
        ready.with_name(ready.name + ".lock").unlink(missing_ok=True)
    back = None if kept is None else await in_thread(partial(back_again, kept, path))
    return Restored(epoch=epoch, kept=kept, back=back)


def _backup(path: Path, target: Path, limits: Limits) -> Backup:
    found = identify(path, busy_s=limits.busy_s)
    online_copy(path, target, busy_s=limits.busy_s)
    return Backup(path=target, size=target.stat().st_size, identity=found)


def _prepare(path: Path, source: Path, limits: Limits) -> Path:
    """A copy of the backup beside the live file, brought to the newest schema."""
    if not source.exists():
        raise StoreError(f"{source}: no such file")
    if source.resolve() == path:
        raise StoreError(f"{source}: is the live database itself; name a backup")
    found = identify(source, busy_s=limits.busy_s, mend="name a file that `token-gateway store backup` made")
    refuse_newer(source, found, head())
    if path.exists():
        live = identify(path, busy_s=limits.busy_s)
        if live.brand != found.brand:
            raise InstallationMismatch(
                f"{source}: its tokens are of brand {found.brand}, those of {path} of brand {live.brand}; "
                "to use it all the same, move the database away first"
            )
    ready = free_name(path, "restoring")
    online_copy(source, ready, busy_s=limits.busy_s, is_live=False)
    try:
        if found.revision < head():
            run(ready)
    except StoreError:
        remove(ready)
        raise
    return ready


async def _renew(
    ready: Path,
    source: Path,
    *,
    actor: str,
    keys: Sequence[StoreKey],
    now: Callable[[], datetime],
    limits: Limits,
) -> str:
    epoch = new_epoch()
    store = await Store.open(f"sqlite:///{ready}", now=now, keys=keys, limits=limits)
    try:
        async with store.change(actor=actor) as change:
            await change.begin_epoch(epoch)
            await change.register_key(keys[0])
            detail = {"from": source.name, "epoch_before": store.meta.epoch}
            change.audit("store_restored", Subject(kind="store", id=epoch), detail)
    finally:
        await store.close()
    return epoch


def _replace(path: Path, ready: Path, at: datetime, limits: Limits) -> Path | None:
    with FileLock(path).held(limits.lock_s):
        try:
            if not path.exists():
                put_in_place(ready, path)
                return None
            kept = free_name(path, f"before-restore-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}")
            online_copy(path, kept, busy_s=limits.busy_s)
            with (
                closing(connect_writer(ready, busy_s=limits.busy_s)) as source,
                closing(connect_writer(path, busy_s=limits.busy_s)) as live,
            ):
                live.execute("PRAGMA journal_mode=WAL").fetchall()
                source.backup(live, pages=-1, sleep=0.01, progress=_patience(path, limits.lock_s))
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            raise wrapped(error, path) from error
        return kept


def _patience(path: Path, limit_s: float) -> Callable[[int, int, int], None]:
    """Ends a copy that waits for another program's lock: SQLite's backup would try for ever."""
    deadline = time.monotonic() + limit_s

    def progress(status: int, _remaining: int, _total: int) -> None:
        if status in _PASSING and time.monotonic() > deadline:
            raise StoreUnavailable(f"{path}: another program has held the database for {limit_s:g} s; try again")

    return progress
