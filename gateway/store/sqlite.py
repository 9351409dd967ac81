"""The SQLite engine: a few connections that read, one that writes, and the rules that keep the file whole.

Reading: autocommit, `mode=ro`, so that a reader can neither write nor checkpoint. Writing: one turn at a time over all
processes, under the file lock, with an explicit BEGIN IMMEDIATE (Python 3.11's sqlite3 would begin by its own rules).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Executable, event
from sqlalchemy.exc import StatementError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from gateway.store.errors import DriverError, StoreError, StoreUnavailable, wrapped
from gateway.store.file import WRITER_PRAGMAS, reader_uri, writer_uri
from gateway.store.lock import FileLock
from gateway.store.patience import Errands, Limits

T = TypeVar("T")
Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]]

READERS = 4
CHECKPOINT_BYTES = 1000 * 4096  # as many pages as SQLite's own default, told from the size of the log


class SqliteEngine:
    """Connections to one database file. Its methods raise StoreError, and nothing of the driver's."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.errands = Errands()
        self.turns = asyncio.Lock()
        self.lock = FileLock(path)
        self._readers = _connections(
            reader_uri(path),
            size=READERS,
            limits=limits,
            pragmas=["PRAGMA query_only=ON"],
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,  # a trip to the driver's thread for nothing, on every read
        )
        self._writer = _connections(
            writer_uri(path), size=1, limits=limits, pragmas=["PRAGMA journal_mode=WAL", *WRITER_PRAGMAS]
        )
        event.listen(self._writer.sync_engine, "begin", _begin_immediate)
        self._log = path.with_name(path.name + "-wal")
        self._has_written = False
        self._closed = False

    async def read(self, statement: Executable, parameters: Parameters | None = None) -> Sequence[Any]:
        """All rows of one statement: one round trip, one consistent view. StoreUnavailable after `read_s`."""
        self._refuse_closed()
        work = self.wrapping(self._read(statement, parameters))
        return await self.errands.run(work, self.limits.read_s, f"{self.path}: the database did not answer")

    @contextlib.asynccontextmanager
    async def writing(self) -> AsyncIterator["WriteTurn"]:
        """One transaction, alone over all processes: committed when the block ends, rolled back when it raises."""
        self._refuse_closed()
        turn = WriteTurn(self)
        try:
            await turn.begin()
            yield turn
        except BaseException:
            await turn.end(commit=False)
            raise
        await turn.end(commit=True)

    async def close(self) -> None:
        """Wait for what runs, move the log into the file, and end every connection and its thread."""
        if self._closed:
            return
        self._closed = True
        await self.errands.settled(self.limits.close_s)
        await self._readers.dispose()
        if self._has_written:
            # The last writer to close checkpoints in any case; under the lock it races nobody. Should the lock be held
            # for that long, its holder has the database open, and closing here checkpoints nothing.
            with contextlib.suppress(StoreError):
                descriptor = await self.lock.take(self.limits.lock_s)
                try:
                    await self.wrapping(self.checkpoint())
                finally:
                    await self._writer.dispose()
                    self.lock.release(descriptor)
        await self._writer.dispose()

    async def connect_writer(self) -> AsyncConnection:
        """The one writing connection; only for the holder of the turn and the lock."""
        self._has_written = True
        return await self._writer.connect()

    async def checkpoint(self) -> None:
        """Move the log into the file; only for the holder of the lock. Waits for readers at most `busy_s`."""
        async with self._writer.connect() as connection:
            # By the driver: SQLAlchemy would begin a transaction. TRUNCATE: then the log's size tells what is due.
            driver = (await connection.get_raw_connection()).driver_connection
            await driver.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")  # type: ignore[union-attr]

    def is_checkpoint_due(self) -> bool:
        """Whether the log has grown long; a long log slows readers down."""
        try:
            return self._log.stat().st_size > CHECKPOINT_BYTES
        except OSError:
            return False

    async def wrapping(self, work: Coroutine[Any, Any, T]) -> T:
        """Await `work`, with the driver's errors as the store's. A value that no column takes stays a ValueError."""
        try:
            return await work
        except DriverError as error:
            raise wrapped(error, self.path) from error
        except StatementError as error:
            raise (error.orig or error) from None

    async def _read(self, statement: Executable, parameters: Parameters | None) -> Sequence[Any]:
        async with self._readers.connect() as connection:
            return (await connection.execute(statement, parameters)).fetchall()

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError(f"{self.path}: the store is closed")


class WriteTurn:
    """One writer's turn. After an error nothing but the end is possible, whatever the engine would still allow."""

    def __init__(self, engine: SqliteEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._work: asyncio.Task[Any] | None = None
        self._has_turn = False
        self._descriptor: int | None = None
        self._is_broken = False

    async def begin(self) -> None:
        """Wait for the turn here and the lock among processes, then open the transaction. StoreUnavailable."""
        engine, limit_s = self._engine, self._engine.limits.lock_s
        try:
            async with asyncio.timeout(limit_s):
                self._has_turn = await engine.turns.acquire()
        except TimeoutError:
            raise StoreUnavailable(f"{engine.path}: this process has been writing for {limit_s:g} s") from None
        self._descriptor = await engine.lock.take(limit_s)
        await self._run(self._open())

    async def execute(self, statement: Executable, parameters: Parameters | None = None) -> CursorResult[Any]:
        """Run one statement in the transaction; its rows are in memory when this returns."""
        if self._connection is None or self._is_broken:
            raise StoreError(f"{self._engine.path}: a change cannot go on after an error, or after its end")
        return await self._run(self._connection.execute(statement, parameters))

    async def end(self, *, commit: bool) -> None:
        """Commit or roll back, then give the turn back; that happens even when the caller no longer waits."""
        engine = self._engine
        commits = commit and not self._is_broken
        await engine.errands.run(
            self._end(commit=commits),
            engine.limits.write_s,
            f"{engine.path}: the disk did not confirm the change, which may or may not be stored: no answer",
        )
        if commit and not commits:
            raise StoreError(f"{engine.path}: a change went on after an error; nothing of it was stored")

    async def _run(self, work: Coroutine[Any, Any, T]) -> T:
        engine = self._engine
        self._work = task = engine.errands.start(engine.wrapping(work))
        try:
            return await engine.errands.wait(
                task, engine.limits.write_s, f"{engine.path}: the database did not take the change"
            )
        except BaseException:
            self._is_broken = True
            raise

    async def _open(self) -> None:
        self._connection = await self._engine.connect_writer()
        await self._connection.begin()

    async def _end(self, *, commit: bool) -> None:
        """In a task of its own: the lock is given back only when the transaction has really ended."""
        engine = self._engine
        try:
            if self._work is not None:
                await asyncio.wait({self._work})
            if self._connection is not None:
                connection, self._connection = self._connection, None
                await engine.wrapping(self._finish(connection, commit=commit))
        finally:
            if self._descriptor is not None:
                engine.lock.release(self._descriptor)
            if self._has_turn:
                engine.turns.release()

    async def _finish(self, connection: AsyncConnection, *, commit: bool) -> None:
        try:
            await (connection.commit() if commit else connection.rollback())
        except DriverError:
            await connection.invalidate()  # a closed connection's open transaction is rolled back by SQLite
            raise
        finally:
            await connection.close()
        if commit and self._engine.is_checkpoint_due():
            with contextlib.suppress(*DriverError):  # the change is stored; the next one tries again
                await self._engine.checkpoint()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _connections(uri: str, *, size: int, limits: Limits, pragmas: Sequence[str], **options: Any) -> AsyncEngine:
    """A pool that connects when asked, never beyond `size`, and runs the pragmas on each new connection."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=uri, query={"uri": "true"}),
        poolclass=AsyncAdaptedQueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=limits.read_s,
        hide_parameters=True,  # else a traceback would show hashes and addresses
        pool_reset_on_return=None,  # readers have no transaction, the writer ends its own
        **options,
        connect_args={"timeout": limits.busy_s, "isolation_level": None},
    )

    def prepare(dbapi_connection: Any, _record: Any) -> None:
        cursor = dbapi_connection.cursor()
        for pragma in pragmas:
            cursor.execute(pragma)
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    return engine
