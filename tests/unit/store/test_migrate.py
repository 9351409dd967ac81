"""Migrations: they run themselves, once, after a copy, and whole or not at all."""

import asyncio
import shutil
import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from gateway.store import DatabaseNewer, StoreError, backup, migrate, restore
from gateway.store.tables import metadata
from tests.contract.backend import KEY, LIMITS, add_alice

NEWEST = migrate.head()
NEWER = f"{int(NEWEST) + 1:04}"
NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "{newer}", "{newest}"
def upgrade():
    op.add_column("owners", sa.Column("nickname", sa.Text))
    {then}
"""


@pytest.fixture
def history(tmp_path_factory, monkeypatch):
    """Adds a revision to the program; call it with what that does besides adding a column."""

    def extend(then="pass"):
        folder = tmp_path_factory.mktemp("history") / "migrations"
        shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "versions" / f"{NEWER}_next.py").write_text(NEXT.format(newer=NEWER, newest=NEWEST, then=then))
        monkeypatch.setattr(migrate, "FOLDER", folder)

    return extend


def kept(backend):
    """The copies that migrations made."""
    return sorted(file.name for file in backend.folder.glob("gateway.db.before-*"))


def revision(path):
    """The schema's revision of a database file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()


def test_the_migrations_build_exactly_the_tables_that_the_program_speaks_of(templates):
    engine = create_engine(f"sqlite:///{templates['sqlite']}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_an_older_database_is_migrated_after_a_copy_and_keeps_its_content(backend, store, history):
    await add_alice(store)
    await store.close()
    history()
    newer = await backend.open()
    assert [entry.owner.login for entry in await newer.users()] == ["alice"]
    assert newer.meta.epoch == store.meta.epoch
    assert kept(backend) == [f"gateway.db.before-{NEWER}"]
    assert revision(backend.path) == [(NEWER,)]
    assert revision(backend.folder / f"gateway.db.before-{NEWER}") == [(NEWEST,)]
    assert backend.sql("SELECT login, nickname FROM owners") == [("alice", None)]
    await (await backend.open()).close()
    assert kept(backend) == [f"gateway.db.before-{NEWER}"]


async def test_programs_that_start_at_once_migrate_once(backend, history):
    history()
    stores = await asyncio.gather(*(backend.open() for _ in range(4)))
    assert len({store.meta.epoch for store in stores}) == 1
    assert kept(backend) == [f"gateway.db.before-{NEWER}"]


async def test_a_migration_that_fails_leaves_the_database_as_it_was(backend, history):
    history('op.execute("SELECT broken")')
    with pytest.raises(StoreError, match="refused a statement"):
        await backend.open()
    assert revision(backend.path) == [(NEWEST,)]
    assert "nickname" not in str(backend.sql("SELECT sql FROM sqlite_master"))
    history()
    await backend.open()
    assert kept(backend) == [f"gateway.db.before-{NEWER}", f"gateway.db.before-{NEWER}.2"]


async def test_a_migration_that_would_break_references_is_refused(backend, store, history):
    await add_alice(store)
    await store.close()
    history('op.execute("DELETE FROM owners")')
    with pytest.raises(StoreError, match="would break"):
        await backend.open()
    assert backend.sql("SELECT count(*) FROM owners") == [(1,)]


async def test_the_older_program_refuses_what_the_newer_one_migrated(backend, history, monkeypatch):
    before = migrate.FOLDER
    history()
    await (await backend.open()).close()
    monkeypatch.setattr(migrate, "FOLDER", before)
    with pytest.raises(DatabaseNewer, match=rf"schema {NEWER}, this one knows {NEWEST}"):
        await backend.open()


async def test_a_backup_of_an_older_schema_is_migrated_when_it_is_restored(backend, store, history):
    await add_alice(store)
    copy = (await backup(backend.url, backend.folder / "copy.db")).path
    await store.close()
    history()
    await restore(backend.url, copy, actor="test", keys=[KEY], now=backend.clock, limits=LIMITS)
    assert revision(backend.path) == [(NEWER,)]
    assert revision(copy) == [(NEWEST,)]
    assert len(await (await backend.open()).users()) == 1


async def test_a_store_of_the_first_light_is_brought_up_and_keeps_its_tokens(backend, monkeypatch, tmp_path):
    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "000[2-9]_*"))
    with monkeypatch.context() as older:
        older.setattr(migrate, "FOLDER", folder)
        backend.path.unlink()
        await backend.make_template(backend.path)
    backend.sql("INSERT INTO owners VALUES ('o1', 'user', 'alice', 'alice', '', '', 1, 1, NULL)")
    backend.sql(
        "INSERT INTO tokens (id, kind, owner_id, name, scopes, created_at, created_by)"
        " VALUES ('t1', 'personal', 'o1', 'ci', 'rest', 1, 'x')"
    )
    assert revision(backend.path) == [("0001",)]
    record = await (await backend.open()).load_token("t1")
    assert record is not None
    assert record.token.name == "ci"
    assert revision(backend.path) == [(NEWEST,)]
