"""Backup and restore, while the store is in use."""

import sqlite3
import stat
from contextlib import closing
from dataclasses import replace

import pytest

from gateway.store import (
    DatabaseForeign,
    DatabaseNewer,
    InstallationMismatch,
    StoreError,
    backup,
    create,
    describe,
    restore,
)
from tests.builders import NOW, an_owner
from tests.contract.backend import KEY, LIMITS, add_alice


def files(backend):
    """What lies in the folder, but for what every open database has beside it."""
    return sorted(file.name for file in backend.folder.iterdir() if not file.name.endswith(("-wal", "-shm", ".lock")))


async def restored(backend, source, **over):
    """Restore as the CLI does."""
    arguments = {"actor": "cli:root", "keys": [KEY], "now": backend.clock, "limits": LIMITS} | over
    return await restore(backend.url, source, **arguments)


@pytest.fixture
async def copy(backend, store):
    """A backup with alice in it; bob comes after it."""
    await add_alice(store)
    made = await backup(backend.url, backend.folder / "copy.db")
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("bob"))
    return made.path


async def test_a_backup_is_one_moment_of_an_open_store_in_a_private_file_of_its_own(backend, store, copy):
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert files(backend) == ["copy.db", "gateway.db"]
    with closing(sqlite3.connect(f"file:{copy}?immutable=1", uri=True)) as connection:
        assert connection.execute("SELECT login FROM owners").fetchall() == [("alice",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA journal_mode").fetchall() == [("delete",)]


async def test_a_backup_never_overwrites(backend, store, copy):
    before = copy.read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        await backup(backend.url, copy)
    assert copy.read_bytes() == before


async def test_a_backup_into_a_folder_that_is_not_there_leaves_nothing(backend, store):
    with pytest.raises(StoreError, match="cannot write the copy"):
        await backup(backend.url, backend.folder / "nowhere" / "copy.db")
    assert files(backend) == ["gateway.db"]


async def test_a_restore_reaches_open_stores_and_followers_under_a_new_epoch(backend, store, copy):
    follower, before = store.follow(), store.meta.epoch
    done = await restored(backend, copy)
    changes = follower.poll()
    follower.close()
    assert (changes.complete, changes.epoch) == (False, done.epoch)
    assert done.epoch != before
    assert [entry.owner.login for entry in await store.users()] == ["alice"]
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("carol"))
    assert [entry.owner.login for entry in await store.users()] == ["alice", "carol"]
    assert backend.sql("PRAGMA integrity_check") == [("ok",)]
    assert (await store.verify_audit()).fault == ""


async def test_a_restore_keeps_what_was_there_and_is_audited(backend, store, copy):
    done = await restored(backend, copy)
    assert files(backend) == sorted(["copy.db", "gateway.db", done.kept.name])
    assert stat.S_IMODE(done.kept.stat().st_mode) == 0o600
    with closing(sqlite3.connect(f"file:{done.kept}?immutable=1", uri=True)) as connection:
        assert connection.execute("SELECT login FROM owners ORDER BY login").fetchall() == [("alice",), ("bob",)]
    last = backend.sql("SELECT actor, action, subject_id FROM audit ORDER BY seq DESC LIMIT 1")
    assert last == [("cli:root", "store_restored", done.epoch)]


async def test_restoring_the_same_backup_twice_gives_two_epochs(backend, store, copy):
    first, second = await restored(backend, copy), await restored(backend, copy)
    assert first.epoch != second.epoch
    assert first.kept != second.kept
    assert copy.exists()


async def test_a_restore_where_nothing_is_makes_the_database(backend, store, copy):
    await store.close()
    for file in backend.folder.glob("gateway.db*"):
        file.unlink()
    done = await restored(backend, copy)
    assert done.kept is None
    assert stat.S_IMODE(backend.path.stat().st_mode) == 0o600
    again = await backend.open()
    assert again.meta.epoch == done.epoch
    assert [entry.owner.login for entry in await again.users()] == ["alice"]


async def test_a_restore_registers_a_key_that_is_younger_than_the_backup(backend, store, copy):
    newer = replace(KEY, id="k00000002", check="beef", audit_key=b"b" * 32)
    await restored(backend, copy, keys=[newer, KEY])
    assert (await store.load_meta()).keys == {KEY.id: KEY.check, newer.id: newer.check}


@pytest.mark.parametrize("what", ["missing", "garbage", "another program's", "newer", "another brand's", "itself"])
async def test_a_restore_of_what_is_not_ours_changes_nothing(backend, store, copy, what):
    source = backend.folder / "source.db"
    refusals = {
        "missing": (StoreError, "no such file"),
        "garbage": (DatabaseForeign, "not a SQLite database"),
        "another program's": (DatabaseForeign, "another program"),
        "newer": (DatabaseNewer, "newer"),
        "another brand's": (InstallationMismatch, "brand"),
        "itself": (StoreError, "live database itself"),
    }
    match what:
        case "garbage":
            source.write_bytes(b"garbage" * 1000)
        case "another program's":
            with closing(sqlite3.connect(source)) as connection:
                connection.execute("CREATE TABLE t (a)")
        case "newer":
            source.write_bytes(copy.read_bytes())
            with closing(sqlite3.connect(source, isolation_level=None)) as connection:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")
        case "another brand's":
            await create(f"sqlite:///{source}", brand="zz", keys=[KEY], now=lambda: NOW)
        case "itself":
            source = backend.path
    before, dump = files(backend), backend.sql("SELECT * FROM meta")
    error, words = refusals[what]
    with pytest.raises(error, match=words):
        await restored(backend, source)
    assert files(backend) == before
    assert backend.sql("SELECT * FROM meta") == dump


async def test_a_restore_with_the_wrong_key_file_changes_nothing(backend, store, copy):
    before, dump = files(backend), backend.sql("SELECT * FROM meta")
    with pytest.raises(InstallationMismatch, match="key_file"):
        await restored(backend, copy, keys=[replace(KEY, check="other")])
    assert (files(backend), backend.sql("SELECT * FROM meta")) == (before, dump)


async def test_the_description_says_what_is_in_the_store_and_touches_nothing(backend, store):
    await add_alice(store, tokens=2)
    found = await describe(backend.url)
    assert (found.users, found.applications, found.tokens, found.audit_rows, found.changes) == (1, 0, 2, 3, 3)
    assert (found.epoch, found.brand, found.keys, found.bound_ms) == (store.meta.epoch, "tg", (KEY.id,), 100)
    assert found.schema == found.schema_known
    await store.close()
    before = files(backend)
    await describe(backend.url)
    assert sorted(file.name for file in backend.folder.iterdir()) == sorted([*before, "gateway.db.lock"])
