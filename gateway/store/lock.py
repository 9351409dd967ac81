"""One writer at a time, over all processes: an advisory lock on `<database>.lock`.

SQLite before 3.51.3 can corrupt a database when a checkpoint races another connection's write; under this lock neither
does. `flock` and not `fcntl` record locks: those are lost when any descriptor of the file is closed in the process.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.store.errors import StoreUnavailable

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.001, 0.01


class FileLock:
    """The lock of one database. Each holder has a descriptor of its own, so it also parts two stores of one process."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")

    def try_take(self) -> int | None:
        """Take the lock now, without waiting; the descriptor to give to `release`, or None when it is held."""
        try:
            # Python's descriptors are close-on-exec, so a child process never inherits the lock.
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"{self._path}: cannot open the lock file: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError as error:
            os.close(descriptor)
            raise StoreUnavailable(f"{self._path}: cannot lock: {error.strerror}") from error
        self._give_to_owner(descriptor)
        return descriptor

    def release(self, descriptor: int) -> None:
        """Give the lock back. Closing is enough, and happens for a process that dies."""
        os.close(descriptor)

    async def take(self, limit_s: float) -> int:
        """Wait for the lock without blocking the loop; StoreUnavailable after `limit_s`."""
        for pause_s in self._pauses(limit_s):
            if (descriptor := self.try_take()) is not None:
                return descriptor
            await asyncio.sleep(pause_s)
        raise self._busy(limit_s)

    @contextmanager
    def held(self, limit_s: float) -> Iterator[None]:
        """Hold the lock in a thread of its own (never on the loop); StoreUnavailable after `limit_s`."""
        for pause_s in self._pauses(limit_s):
            if (descriptor := self.try_take()) is not None:
                break
            time.sleep(pause_s)
        else:
            raise self._busy(limit_s)
        try:
            yield
        finally:
            self.release(descriptor)

    def _give_to_owner(self, descriptor: int) -> None:
        """What root's CLI creates must stay usable for the service: SQLite does the same for its own side files."""
        if os.geteuid() == 0 and os.fstat(descriptor).st_uid == 0 and self._database.exists():
            owner = self._database.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _busy(self, limit_s: float) -> StoreUnavailable:
        return StoreUnavailable(f"{self._path}: another process has been writing for {limit_s:g} s; try again")

    @staticmethod
    def _pauses(limit_s: float) -> Iterator[float]:
        """Pauses between tries, short at first, until the limit is reached. The first try is always made."""
        deadline, pause_s = time.monotonic() + limit_s, _FIRST_PAUSE_S
        yield pause_s
        while time.monotonic() < deadline:
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)
            yield pause_s
