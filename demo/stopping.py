"""Ending on a signal: the first one ends the demo, and nothing that was begun is left behind."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Stopping:
    """Turns the first signal into `Stopped`, raised in the main thread; further ones change nothing."""

    def __init__(self) -> None:
        self._came: int | None = None
        self._held = False
        for number in SIGNALS:
            signal.signal(number, self._take)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Let the body end first, such as starting a program and noting that it runs."""
        self._held = True
        yield
        self._held = False
        if self._came is not None:
            raise Stopped(self._came)

    def _take(self, number: int, _: FrameType | None) -> None:
        if self._came is not None:
            return
        self._came = number
        if not self._held:
            raise Stopped(number)

    def ignore(self) -> None:
        """From now on no signal interrupts: the cleaning up has begun."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
