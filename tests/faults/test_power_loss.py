"""What was acknowledged is on the disk, not on its way there: every connection that changes something syncs in full."""

from contextlib import closing

from sqlalchemy import text

from gateway.store.file import connect_writer
from gateway.store.patience import Limits
from gateway.store.sqlite import SqliteEngine

FULL = 2  # PRAGMA synchronous


async def test_the_connection_that_changes_things_syncs_at_every_commit(installation):
    engine = SqliteEngine(installation.database, Limits())
    try:
        async with engine.writing() as turn:
            assert (await turn.execute(text("PRAGMA synchronous"))).scalar() == FULL
            assert (await turn.execute(text("PRAGMA journal_mode"))).scalar() == "wal"
            assert (await turn.execute(text("PRAGMA wal_autocheckpoint"))).scalar() == 0
    finally:
        await engine.close()


def test_so_does_the_one_for_maintenance(installation):
    with closing(connect_writer(installation.database, busy_s=1)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchall() == [(FULL,)]
