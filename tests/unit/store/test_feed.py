"""The feed's connection: cheap, never in anybody's way, and clear about a file that is gone."""

import shutil
import sqlite3
from contextlib import closing

import pytest

from gateway.store import SqliteFeed, StoreError, StoreUnavailable
from tests.contract.backend import add_alice


@pytest.fixture
async def feed(backend, store):
    """A feed on an open store."""
    made = SqliteFeed(backend.path)
    yield made
    made.close()


async def test_a_poll_leaves_no_cursor_open_that_would_hold_the_log(backend, store, feed):
    await add_alice(store)
    assert feed.poll().complete
    assert feed.poll() is None
    with closing(sqlite3.connect(backend.path, isolation_level=None)) as other:
        ((busy, log, moved),) = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert (busy, log, moved) == (0, 0, 0)


async def test_a_database_that_is_moved_away_is_unavailable_and_comes_back(backend, store, feed):
    moved = backend.path.with_name("moved.db")
    backend.path.rename(moved)
    with pytest.raises(StoreUnavailable, match="away"):
        feed.poll()
    moved.rename(backend.path)
    assert feed.poll() is None


async def test_another_file_in_the_database_s_place_is_never_followed(backend, store, feed):
    """Else a worker would follow the old file for ever, and no revocation would reach it."""
    copy = backend.path.with_name("copy.db")
    shutil.copy(backend.path, copy)
    copy.replace(backend.path)
    with pytest.raises(StoreUnavailable, match="restart"):
        feed.poll()


async def test_a_locked_database_is_unavailable_at_once_and_the_position_stands(backend, store, feed):
    await add_alice(store)
    position = feed.position
    await store.close()
    feed.close()
    with closing(sqlite3.connect(backend.path, isolation_level=None)) as owner:
        owner.execute("PRAGMA journal_mode=DELETE").fetchall()
        follower = SqliteFeed(backend.path)
        owner.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="locked"):
            follower.poll()
        owner.execute("ROLLBACK")
        assert follower.position.seq == position.seq + 2
        assert follower.poll() is None
        follower.close()


def test_a_file_that_is_not_there_or_not_ours_is_a_store_error(tmp_path):
    with pytest.raises(StoreUnavailable):
        SqliteFeed(tmp_path / "x.db")
    (tmp_path / "y.db").write_bytes(b"garbage" * 1000)
    with pytest.raises(StoreError, match="not a SQLite database"):
        SqliteFeed(tmp_path / "y.db")
    assert not (tmp_path / "x.db").exists()
