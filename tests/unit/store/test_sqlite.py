"""The SQLite engine: limits on every wait, the log, the file's modes, and what a full or locked disk does."""

import asyncio
import contextlib
import os
import resource
import sqlite3
import stat
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gateway.store import Limits, StoreError, StoreUnavailable
from gateway.store.sqlite import CHECKPOINT_BYTES, READERS, SqliteEngine
from gateway.store.tables import meta
from tests.builders import an_owner
from tests.contract.backend import LIMITS, add_alice

ENDLESS = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500000) SELECT count(*) FROM n"
)


@pytest.fixture
async def engine(backend):
    """The engine under the store, with short limits."""
    made = SqliteEngine(backend.path, Limits(read_s=0.1, busy_s=0.1, lock_s=0.3, write_s=1.0))
    yield made
    await made.close()


async def test_a_foreign_lock_is_waited_for_shortly_and_then_unavailable(backend, store):
    await add_alice(store)
    with closing(sqlite3.connect(backend.path, isolation_level=None)) as foreign:
        foreign.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="locked by another program"):
            async with store.change(actor="test") as change:
                await change.add_owner(an_owner("bob"))
        assert time.monotonic() - begun < 1
        assert [entry.owner.login for entry in await store.users()] == ["alice"]
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("bob"))


async def test_this_process_waits_for_its_own_turn_no_longer_than_it_said(backend):
    store = await backend.open(limits=Limits(lock_s=0.2))
    async with store.change(actor="test") as change:
        begun = time.monotonic()
        with pytest.raises(StoreUnavailable, match="this process"):
            async with store.change(actor="other"):
                pytest.fail("two turns at once")
        assert time.monotonic() - begun < 1
        await change.add_owner(an_owner("bob"))
    assert len(await store.users()) == 1


async def test_a_read_that_hangs_is_given_up_and_the_engine_lives_on(engine):
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"did not answer within 0\.1 s"):
        await engine.read(ENDLESS)
    assert time.monotonic() - begun < 0.5
    answered = None
    for _ in range(
        50
    ):  # what hangs goes on, and takes a processor: on a busy machine one answer may come too late, too
        with contextlib.suppress(StoreUnavailable):
            answered = await engine.read(select(meta.c.brand))
            break
    assert answered == [("tg",)]


async def test_when_every_reader_hangs_the_next_is_unavailable(engine):
    outcomes = await asyncio.gather(*(engine.read(ENDLESS) for _ in range(READERS + 1)), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {StoreUnavailable}


async def test_cancelled_reads_break_no_connection(engine):
    for pause_s in (0, 0.0001, 0.0005, 0.001, 0.002) * 4:
        task = asyncio.create_task(engine.read(select(meta.c.epoch)))
        await asyncio.sleep(pause_s)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    rows = await asyncio.gather(*(engine.read(select(meta.c.brand)) for _ in range(READERS * 3)))
    assert rows == [[("tg",)]] * (READERS * 3)


async def test_a_statement_that_hangs_ends_the_change_and_the_turn_comes_back_when_it_is_over(backend):
    engine = SqliteEngine(backend.path, Limits(write_s=0.1, lock_s=5.0))

    async def hanging():
        async with engine.writing() as turn:
            await turn.execute(meta.update().values(brand="xx"))
            await turn.execute(ENDLESS)

    with pytest.raises(StoreUnavailable, match="did not"):
        await hanging()
    async with engine.writing() as turn:
        await turn.execute(meta.update().values(bound_ms=200))
    assert await engine.read(select(meta.c.brand, meta.c.bound_ms)) == [("tg", 200)]
    await engine.close()


async def test_a_turn_that_swallows_an_error_is_not_committed(engine):
    """SQLite would still commit what came before; a change is all or nothing on every engine."""

    async def swallowing():
        async with engine.writing() as turn:
            await turn.execute(meta.update().values(brand="xx"))
            with pytest.raises(StoreError):
                await turn.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(StoreError, match="nothing of it was stored"):
        await swallowing()
    assert await engine.read(select(meta.c.brand)) == [("tg",)]


async def test_a_reader_can_not_write(engine):
    with pytest.raises(StoreError):
        await engine.read(text("UPDATE meta SET brand = 'xx' RETURNING brand"))
    assert await engine.read(select(meta.c.brand)) == [("tg",)]


async def test_the_log_is_moved_into_the_file_when_long_and_at_close(backend, store):
    feed = store.follow()
    log = backend.path.with_name("gateway.db-wal")
    highest = 0
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("alice"))
    for number in range(6):
        async with store.change(actor="test") as change:
            await change.edit_owner("id-of-alice", name=str(number) * 1_000_000)
        assert feed.poll().complete
        highest = max(highest, log.stat().st_size)
    # Truncated more than once: neither a reader nor the feed held it back.
    assert highest < 3 * CHECKPOINT_BYTES / 2 + 1_200_000
    assert log.stat().st_size < CHECKPOINT_BYTES
    feed.close()
    await store.close()
    assert sorted(file.name for file in backend.folder.iterdir()) == ["gateway.db", "gateway.db.lock"]


async def test_no_automatic_checkpoint_happens_outside_the_lock(engine):
    async with engine.writing() as turn:
        assert (await turn.execute(text("PRAGMA wal_autocheckpoint"))).scalar_one() == 0
        assert (await turn.execute(text("PRAGMA synchronous"))).scalar_one() == 2
        assert (await turn.execute(text("PRAGMA foreign_keys"))).scalar_one() == 1
        assert (await turn.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"


async def test_every_file_is_for_its_owner_alone(backend, store):
    await add_alice(store)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in backend.folder.iterdir()}
    modes.pop("gateway.db")  # copied from the template; see test_create
    assert modes == dict.fromkeys(["gateway.db-shm", "gateway.db-wal", "gateway.db.lock"], 0o600)


async def test_a_full_disk_is_unavailable_stores_nothing_and_passes(backend, store):
    """The size limit of the process stands for the disk's end: the write fails in the same place."""
    await add_alice(store)
    before = backend.sql("SELECT feed_seq, audit_seq FROM meta")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    async def growing():
        async with store.change(actor="test") as change:
            await change.edit_owner("id-of-alice", name="a" * 2_000_000)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(StoreUnavailable, match="disk"):
            await growing()
        assert (await store.owner(id="id-of-alice")).owner.name == ""
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert backend.sql("SELECT feed_seq, audit_seq FROM meta") == before
    await growing()
    assert backend.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.fixture
def open_folder():
    """A folder that everybody may use; pytest's own are root's alone."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


async def test_a_database_that_may_not_be_written_can_be_read_and_says_so(backend, store, open_folder):
    await add_alice(store)
    await store.close()
    copy = open_folder / "gateway.db"
    copy.write_bytes(backend.path.read_bytes())
    copy.chmod(0o444)
    with as_nobody():
        backend.url = f"sqlite:///{copy}"
        reading = await backend.open()
        assert len(await reading.users()) == 1
        with pytest.raises(StoreUnavailable, match="permissions"):
            async with reading.change(actor="test") as change:
                await change.add_owner(an_owner("bob"))
        await reading.close()


@contextlib.contextmanager
def as_nobody():
    """Root may write everything; be somebody else for a while, with every thread of the process."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_closing_waits_for_what_runs(backend):
    store = await backend.open(limits=LIMITS)
    adding = asyncio.create_task(add_alice(store))
    await asyncio.sleep(0.02)
    await adding
    pending = asyncio.create_task(store.load_meta())
    await asyncio.sleep(0)
    await store.close()
    assert (await pending).brand == "tg"
