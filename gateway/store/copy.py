"""Online copies of a database file: taken while others read and write it. SQLite only; blocks: call it in a thread."""

import itertools
import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.store.errors import StoreError, wrapped
from gateway.store.file import connect_reader, connect_untouching, new_file, put_in_place, remove, writer_uri


def free_name(path: Path, suffix: str) -> Path:
    """`<path>.<suffix>`, or with a number behind it the first such name that is not taken."""
    names = itertools.chain([suffix], (f"{suffix}.{number}" for number in itertools.count(2)))
    return next(name for name in (path.with_name(f"{path.name}.{ending}") for ending in names) if not name.exists())


def online_copy(path: Path, target: Path, *, busy_s: float, is_live: bool = True) -> None:
    """Copy one moment of the database to a new file of mode 0600; StoreError when `target` exists, or is not sound.

    Writers go on meanwhile. The copy gets its name only when it is complete and on the disk, and needs no file beside
    it: it can be read from a medium that cannot be written. `is_live` False: nobody has `path` open, and it stays
    untouched, with no side files left beside it.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already; choose another name")
    partial = free_name(target, "partial")
    connect = connect_reader if is_live else connect_untouching
    try:
        new_file(partial)
        with (
            closing(connect(path, busy_s=busy_s)) as source,
            closing(sqlite3.connect(writer_uri(partial), uri=True, isolation_level=None)) as copy,
        ):
            source.backup(copy, pages=-1)  # in one step, so it is one moment and never starts over
            copy.execute("PRAGMA journal_mode=DELETE").fetchall()
            require_sound(copy, target)
        put_in_place(partial, target)
    except sqlite3.Error as error:
        raise wrapped(error, path) from error
    except FileExistsError:
        raise StoreError(f"{target}: is there already; choose another name") from None
    except OSError as error:
        raise StoreError(f"{target}: cannot write the copy: {error.strerror}") from error
    finally:
        remove(partial)


def require_sound(connection: sqlite3.Connection, path: Path) -> None:
    """StoreError when SQLite's own check finds the database damaged."""
    ((verdict,), *_) = connection.execute("PRAGMA quick_check(1)").fetchall()
    if verdict != "ok":
        raise StoreError(f"{path}: the database is damaged: {verdict}")
