"""Building and bringing up the schema. Blocks: call it in a thread.

Alembic is imported only when there is work for it, so that a check worker never loads it.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import NullPool

from gateway.store.copy import free_name, online_copy
from gateway.store.errors import DriverError, StoreError, wrapped
from gateway.store.file import identify, refuse_newer, writer_uri
from gateway.store.lock import FileLock
from gateway.store.patience import Limits

FOLDER = Path(__file__).parent / "migrations"


def head() -> str:
    """The newest revision that this program knows, from the numbers in the files' names."""
    return max(file.name.partition("_")[0] for file in (FOLDER / "versions").glob("[0-9]*.py"))


def bring_up(path: Path, *, limits: Limits) -> Path | None:
    """Migrate an older database, after a copy of it beside it, whose path is returned. None: nothing was to be done.

    Under the file lock, and looked at again there, so that of two programs that start at once one does it. All or
    nothing: a migration that fails leaves the database as it was.
    """
    newest = head()
    with FileLock(path).held(limits.lock_s):
        found = identify(path, busy_s=limits.busy_s)
        refuse_newer(path, found, newest)
        if found.revision == newest:
            return None
        kept = free_name(path, f"before-{newest}")
        online_copy(path, kept, busy_s=limits.busy_s)
        run(path)
        return kept


def run(path: Path) -> None:
    """Bring a database, also an empty one, to the newest schema in one transaction. For the holder of the lock."""
    from alembic import command  # noqa: PLC0415  costs 60 ms, and most starts need none of it
    from alembic.config import Config  # noqa: PLC0415

    engine = create_engine(
        URL.create("sqlite", database=writer_uri(path), query={"uri": "true"}),
        poolclass=NullPool,
        connect_args={"isolation_level": None},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_immediate)
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                raise StoreError(f"{path}: the migration would break {len(broken)} references; nothing was changed")
    except DriverError as error:
        raise wrapped(error, path) from error
    finally:
        engine.dispose()


def _prepare(dbapi_connection: Any, _record: Any) -> None:
    # Rebuilding a table would delete what refers to it, so the references are checked as a whole before the commit.
    for pragma in ("PRAGMA foreign_keys=OFF", "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=0"):
        dbapi_connection.execute(pragma)


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
