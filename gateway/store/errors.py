"""What can go wrong in the store. Driver errors are wrapped here, at the seam: nothing above sees one.

Every message is one line that says what is wrong, where, and what to do.
"""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError


class StoreError(Exception):
    """The root of everything that the store raises."""


class StoreUnavailable(StoreError):  # noqa: N818  the contract's name: a state that can pass, not a mistake
    """The store cannot answer now: locked, away, full, or read-only. Trying again may help."""


class DatabaseRefused(StoreError):  # noqa: N818  says what the program did with the file
    """The database is not one that this program may use. Nothing on disk was changed."""


class DatabaseMissing(DatabaseRefused):
    """There is no database at that place."""


class DatabaseForeign(DatabaseRefused):
    """The file is not a database of a Token Gateway."""


class DatabaseNewer(DatabaseRefused):
    """A newer program has made or migrated the database."""


class InstallationMismatch(DatabaseRefused):
    """The database is a gateway's, but of another brand or other keys than the configuration's."""


class NameTaken(StoreError):  # noqa: N818  a domain's word
    """The login, or an id, is in use or was in use: names are never given again."""


class NotFound(StoreError):  # noqa: N818  a domain's word
    """The change names an owner or token that is not there, or is deleted."""


DriverError = (sqlite3.Error, DBAPIError, PoolTimeoutError)

_FOREIGN = {sqlite3.SQLITE_NOTADB}
_DAMAGED = {sqlite3.SQLITE_CORRUPT}
# Primary result codes; the extended ones carry them in their low byte.
_PASSING = {
    sqlite3.SQLITE_BUSY: "is locked by another program",
    sqlite3.SQLITE_LOCKED: "is locked by another program",
    sqlite3.SQLITE_PROTOCOL: "is locked by another program",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that the file and its folder exist and may be used",
    sqlite3.SQLITE_PERM: "cannot be opened; check the permissions of the file and its folder",
    sqlite3.SQLITE_READONLY: "cannot be written; check the permissions of the file and its folder",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk is full or failing",
    sqlite3.SQLITE_NOMEM: "cannot be used: no memory left",
    sqlite3.SQLITE_INTERRUPT: "was interrupted",
}


def wrapped(error: Exception, path: Path) -> StoreError:
    """The store's error for a driver's; raise it `from` the driver's."""
    if isinstance(error, PoolTimeoutError):
        return StoreUnavailable(f"{path}: the database did not answer in time")
    cause = error.orig if isinstance(error, DBAPIError) else error
    extended = getattr(cause, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if extended == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
        return NotFound(f"{path}: what the new row belongs to is not there")
    if isinstance(error, IntegrityError) or code == sqlite3.SQLITE_CONSTRAINT:
        return NameTaken(f"{path}: the name or id is in use, or was in use before")
    if code in _PASSING:
        return StoreUnavailable(f"{path}: the database {_PASSING[code]}")
    if code in _FOREIGN:
        return DatabaseForeign(f"{path}: not a SQLite database; check store.url")
    if code in _DAMAGED:
        return StoreError(f"{path}: the database is damaged ({cause}); `token-gateway store restore` a backup")
    return StoreError(f"{path}: the database refused a statement: {cause}")
