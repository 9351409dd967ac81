"""The lease: until when cached state may be believed, and the feed that takes it back.

Invariant: cached state is used only while `now - stamp < bound`, where `stamp` was read from the clock before the last
complete poll of the change feed. Whoever commits a change and then waits longer than the bound knows that no check
begun afterwards can have used the state before it.

With the store's `serve_cached_for`, and only while the feed cannot be read, that span comes on top of the bound.
Whoever changes something then learns until when the old state may be used (`gateway.auth.desk.effective`).

Everything here runs on the loop thread and never awaits: the poll is a `stat` and a PRAGMA (6 to 9 us, 2026-11).
"""

import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from gateway.store import Changes, FeedRow, StoreUnavailable

REMEMBERED_ROWS = 4096  # applied feed rows kept for `touched_since`; older positions count as touched


# Seconds that also pass while the machine sleeps, so that a lease does not survive a suspend. Without a frame of Python
# of its own: every check looks at it several times.
boot_clock: Final[Callable[[], float]] = partial(time.clock_gettime, time.CLOCK_BOOTTIME)


class Feed(Protocol):
    """The change feed of the store, read on the loop thread."""

    def poll(self) -> Changes | None:
        """What is new since the last poll; None when nothing is. StoreUnavailable when it cannot be read."""
        ...


class StaleError(Exception):
    """The feed could not be read within the bound: cached state must not be used."""


class Lease:
    """Follows the feed and says when cached state may be used.

    `position`: how many rows were ever applied here; a mark to note before a read of the store, for `touched_since`.
    """

    def __init__(
        self,
        feed: Feed,
        *,
        bound_s: float,
        apply: Callable[[tuple[FeedRow, ...] | None], None],
        serve_cached_for_s: float = 0.0,
        clock: Callable[[], float] = boot_clock,
    ) -> None:
        """`apply` is called with the new rows, or with None when everything cached must be dropped.

        `serve_cached_for_s`: as the store has it now; what it is later comes with the feed.
        """
        self._feed = feed
        self._bound_s = bound_s
        self._cached_for_s = serve_cached_for_s
        self._apply = apply
        self._clock = clock
        self._stamp = float("-inf")
        self.position = 0
        self._recent: deque[tuple[int, str, str]] = deque(maxlen=REMEMBERED_ROWS)
        self._forgotten = 0

    @property
    def age_s(self) -> float:
        """How old the lease is; infinite before the first poll."""
        return self._clock() - self._stamp

    @property
    def is_current(self) -> bool:
        """Whether the last poll is within the bound; if not, cached state is used by leave of `serve_cached_for`."""
        return self.age_s < self._bound_s

    def renew(self, within_s: float | None = None) -> None:
        """Poll unless that was done within a quarter of the bound. StaleError when the lease is then still too old.

        `within_s`: poll unless that was done within so many seconds; a lease that is then older is too old.
        """
        now = self._clock()
        if now - self._stamp < (self._bound_s / 4 if within_s is None else within_s):
            return
        try:
            changes = self._feed.poll()
        except StoreUnavailable as error:
            if within_s is None and now - self._stamp < self._bound_s + self._cached_for_s:
                return
            raise StaleError(str(error)) from error
        if changes is not None:
            self._take(changes)
            if changes.serve_cached_for_s is not None:
                self._cached_for_s = changes.serve_cached_for_s
        self._stamp = now

    def touched_since(self, position: int, *subjects: tuple[str, str]) -> bool:
        """Whether a row about one of these `(subject, id)`, or about all, was applied after `position`."""
        if position == self.position:
            return False
        if position < self._forgotten:
            return True
        return any(
            number > position and (subject == "all" or (subject, row_id) in subjects)
            for number, subject, row_id in self._recent
        )

    def _take(self, changes: Changes) -> None:
        if not changes.complete:
            self.position += 1
            self._forgotten = self.position
            self._recent.clear()
            self._apply(None)
            return
        for row in changes.rows:
            self.position += 1
            if len(self._recent) == REMEMBERED_ROWS:
                self._forgotten = self._recent[0][0]
            self._recent.append((self.position, row.subject, row.id))
        self._apply(changes.rows)
