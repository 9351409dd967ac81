"""The SQLite file itself: where it is, whose it is, and plain connections to it. SQLite only.

A database in use is never opened but by SQLite: closing any other descriptor of it would drop the locks that SQLite's
connections in this process hold (POSIX record locks).
"""

import errno
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gateway.store.errors import DatabaseForeign, DatabaseMissing, DatabaseNewer, StoreError, wrapped

APPLICATION_ID = 0x74677731  # "tgw1", at offset 68 of the file: `file` and we tell our databases by it
SCHEME = "sqlite:///"

# FULL: a change that was reported is on the disk. No automatic checkpoint: they happen under the file lock (lock.py).
WRITER_PRAGMAS = ("PRAGMA foreign_keys=ON", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=0")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file says about itself: the schema's revision, and the brand and epoch of the installation."""

    revision: str
    brand: str
    epoch: str


def path_of(url: str) -> Path:
    """The database file that `store.url` names, with symbolic links resolved so that all use one lock. StoreError."""
    if not url.startswith(SCHEME):
        raise StoreError(f"store.url: {url.partition(':')[0]}: only {SCHEME}FILE is supported")
    name = url.removeprefix(SCHEME)
    if not name or name == ":memory:" or "?" in name or "#" in name:
        raise StoreError("store.url: must be sqlite:/// and a file's path, without options")
    return Path(name).resolve()


def reader_uri(path: Path) -> str:
    """The address of a connection that cannot write, nor checkpoint when it closes."""
    return f"file:{quote(str(path))}?mode=ro"


def writer_uri(path: Path) -> str:
    """The address of a connection that writes an existing file and never makes one."""
    return f"file:{quote(str(path))}?mode=rw"


def connect_writer(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """A plain connection for maintenance, in a thread, under the file lock; in autocommit: say BEGIN IMMEDIATE."""
    connection = sqlite3.connect(writer_uri(path), uri=True, isolation_level=None, timeout=busy_s)
    try:
        for pragma in WRITER_PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """A plain reading connection to a database that others may be using."""
    return sqlite3.connect(reader_uri(path), uri=True, isolation_level=None, timeout=busy_s)


def connect_untouching(path: Path, *, busy_s: float) -> sqlite3.Connection:
    """A reading connection that makes no side files beside a database that nobody has open."""
    log = path.with_name(path.name + "-wal")
    # Without a log the file itself is complete, and `immutable` reads nothing else.
    is_settled = not log.exists() or log.stat().st_size == 0
    if not is_settled:
        return connect_reader(path, busy_s=busy_s)
    return sqlite3.connect(f"file:{quote(str(path))}?immutable=1", uri=True, isolation_level=None, timeout=busy_s)


def identify(path: Path, *, busy_s: float, mend: str = "check store.url") -> Identity:
    """Say what database this is, and change nothing on disk, not even SQLite's side files. Blocks: call it in a thread.

    DatabaseMissing, DatabaseForeign for everything that is not ours (with `mend` for what to do), StoreUnavailable
    when it cannot be read.
    """
    if not path.exists():
        raise DatabaseMissing(f"{path}: no database; `token-gateway init` makes one")
    if not path.is_file():
        raise DatabaseForeign(f"{path}: not a file; {mend}")
    try:
        with closing(connect_untouching(path, busy_s=busy_s)) as connection:
            ((application_id,),) = connection.execute("PRAGMA application_id").fetchall()
            if application_id != APPLICATION_ID:
                raise DatabaseForeign(f"{path}: a database of another program; {mend}")
            ((revision,),) = connection.execute("SELECT version_num FROM alembic_version").fetchall()
            ((brand, epoch),) = connection.execute("SELECT brand, epoch FROM meta").fetchall()
    except sqlite3.Error as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise DatabaseForeign(f"{path}: not a SQLite database; {mend}") from error
        if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # our mark, without our tables
            raise DatabaseForeign(f"{path}: not a complete Token Gateway database; {mend}") from error
        raise wrapped(error, path) from error
    except ValueError as error:  # no row, or several, where there is one
        raise DatabaseForeign(f"{path}: not a complete Token Gateway database; {mend}") from error
    return Identity(revision, brand, epoch)


def refuse_newer(path: Path, identity: Identity, head: str) -> None:
    """DatabaseNewer when a newer program made the schema. Revisions are numbered, so that they compare."""
    if identity.revision > head:
        raise DatabaseNewer(
            f"{path}: made by a newer token-gateway (schema {identity.revision}, this one knows {head}); "
            "upgrade this program, or restore an older backup"
        )


def new_file(path: Path) -> None:
    """Make an empty file that only its owner can read, as SQLite's side files will be; FileExistsError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))


def put_in_place(finished: Path, path: Path) -> None:
    """Give a finished file its name, at once and never over another; FileExistsError. On disk when this returns."""
    with finished.open("rb") as file:  # a copy that no connection of this process has open
        os.fsync(file.fileno())
    try:
        os.link(finished, path)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}:
            raise
        new_file(path)  # no hard links here: take the name first, so that the rename replaces only our own
        finished.replace(path)
    finished.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove(path: Path) -> None:
    """Remove a database that nobody has open, with SQLite's side files."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
