"""The change feed as a worker follows it: what changed since the last look, for a few microseconds when nothing did.

The connection is a plain one of its own, read-only, in autocommit, without a busy wait and never with an open cursor;
it lives on the loop's thread, and this is the one blocking call allowed there.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.store.errors import StoreError, StoreUnavailable, wrapped
from gateway.store.file import reader_uri

# Behind by more, dropping every cache is cheaper than reading on the loop's thread what to drop.
MOST_ROWS = 5000


@dataclass(frozen=True, slots=True)
class FeedPosition:
    """How far a reader has come: the number of the last row it knows, within an epoch."""

    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One thing that is not what it was: a `token` or `owner` by id, or `all`."""

    seq: int
    subject: str
    id: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new. Not `complete`: another epoch, a gap, or too much; then every cache has to go.

    `serve_cached_for_s` is the store's word of this moment; None: not read.
    """

    epoch: str
    seq: int
    rows: tuple[FeedRow, ...]
    complete: bool
    serve_cached_for_s: float | None = None


class SqliteFeed:
    """Follows the feed of one database file. Not thread-safe: use it on the thread that made it."""

    position: FeedPosition

    def __init__(self, path: str | Path, *, start_s: float = 1.0) -> None:
        """Stand at the newest row. StoreUnavailable; only here the database is waited for, `start_s` at the most."""
        self._path = Path(path).resolve()
        try:
            self._connection = sqlite3.connect(
                reader_uri(self._path), uri=True, isolation_level=None, timeout=start_s, cached_statements=8
            )
        except sqlite3.Error as error:
            raise wrapped(error, self._path) from error
        try:
            self._file = self._file_now()
            self._version = self._data_version()
            self.position = self._newest()
            self._connection.execute("PRAGMA busy_timeout=0").fetchall()
        except (StoreError, sqlite3.Error) as error:
            self._connection.close()
            raise (error if isinstance(error, StoreError) else wrapped(error, self._path)) from error

    def poll(self) -> Changes | None:
        """What was committed since the last poll; None when the file did not move.

        Everything that was committed before the call is in the answer. StoreUnavailable for whatever is in the way;
        the position then stands.
        """
        try:
            if self._file_now() != self._file:
                raise StoreUnavailable(f"{self._path}: another file took the database's place; restart the gateway")
            version = self._data_version()
            if version == self._version:
                return None
            changes = self._read()
        except sqlite3.Error as error:
            raise StoreUnavailable(str(wrapped(error, self._path))) from error
        self._version = version
        self.position = FeedPosition(changes.epoch, changes.seq)
        return changes

    def close(self) -> None:
        """End the connection. A closed feed cannot be polled."""
        self._connection.close()

    def _read(self) -> Changes:
        known = self.position
        self._connection.execute("BEGIN")  # so that the counter and the rows are of one moment
        try:
            newest, cached_s = self._newest(), self._cached_s()
            behind = newest.seq - known.seq
            if newest.epoch != known.epoch or not 0 <= behind <= MOST_ROWS:
                return Changes(newest.epoch, newest.seq, (), complete=False, serve_cached_for_s=cached_s)
            found = self._connection.execute(
                "SELECT seq, subject, id FROM change_feed WHERE seq > ? ORDER BY seq", (known.seq,)
            ).fetchall()
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        rows = tuple(FeedRow(*row) for row in found)
        complete = [row.seq for row in rows] == list(range(known.seq + 1, newest.seq + 1))
        return Changes(
            newest.epoch, newest.seq, rows if complete else (), complete=complete, serve_cached_for_s=cached_s
        )

    def _data_version(self) -> int:
        """Differs from the last answer when another connection, of any process, committed in between."""
        ((version,),) = self._connection.execute("PRAGMA data_version").fetchall()
        return int(version)

    def _newest(self) -> FeedPosition:
        ((epoch, seq),) = self._connection.execute("SELECT epoch, feed_seq FROM meta").fetchall()
        return FeedPosition(epoch, seq)

    def _cached_s(self) -> float:
        ((milliseconds,),) = self._connection.execute("SELECT serve_cached_for_ms FROM meta").fetchall()
        return float(milliseconds) / 1000

    def _file_now(self) -> tuple[int, int]:
        try:
            found = os.stat(self._path)  # noqa: PTH116  half of Path.stat()'s cost, on every poll
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: the database is away: {error.strerror}") from error
        return found.st_dev, found.st_ino
