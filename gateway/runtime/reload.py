"""Reloading: one reading of the configuration, checked as a whole, given to everybody; or the old one stays.

It is asked for by SIGHUP, by `token-gateway reload`, and by the file itself when that changes.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from gateway.config import ConfigError, ConfigInvalid
from gateway.runtime.difference import Difference, difference
from gateway.runtime.generation import Generation, needs_restart, read_again, unknown_to_proxies
from gateway.runtime.metrics import Metrics

log = structlog.get_logger("gateway")

LOOK_S = 2.0  # between looks at the file; one that just changed is read at the next look, when it is whole
NAMED = 20  # routes that one log line names

Look = tuple[int, int, int] | None  # which file, when changed, how long; None: not there


def look(source: Path) -> Look:
    """What tells one state of the file from another."""
    try:
        found = os.stat(source)  # noqa: PTH116  follows links: a mounted folder may be swapped as a whole
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a reload. `errors` or `refused`: nothing was changed."""

    generation: int
    errors: tuple[ConfigError, ...] = ()
    refused: str = ""
    changed: Difference = field(default_factory=Difference)
    needs_restart: tuple[str, ...] = ()
    unknown_to_proxies: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everybody has the new configuration."""
        return not self.errors and not self.refused

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"ok": self.ok, **asdict(self)}


class Reloader:
    """Reads the configuration again. One at a time: whoever asks gets a reading that began after they asked."""

    def __init__(
        self,
        started: Generation,
        *,
        env: Mapping[str, str],
        give: Callable[[int, Generation], Awaitable[None]],
        metrics: Metrics,
        reloading: Callable[[bool], None],
        read: Look,
    ) -> None:
        """`give` returns when every process uses what it was given; `reloading` is told of beginning and end; `read` is
        the file as it was before what `started` was made of was read.
        """
        self._started = self._current = started
        self._source = started.settings.source
        self._env = env
        self._give = give
        self._metrics = metrics
        self._reloading = reloading
        self._turn = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._read = read
        self._number = 1

    def want(self) -> None:
        """Reload soon; for a signal handler."""
        self._wanted.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Reload when that is wanted, or the file has changed and then stayed as it is for one look."""
        seen = look(self._source)
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), LOOK_S)
            now = look(self._source)
            changed = now is not None and now == seen and now != self._read
            seen = now
            if self._wanted.is_set() or changed:
                self._wanted.clear()
                await self.reload()

    async def reload(self) -> Outcome:
        """Read, check, give to all, and say what that changed."""
        async with self._turn:
            self._reloading(True)
            try:
                outcome = await self._replace()
            finally:
                self._reloading(False)
        self._metrics.reloaded(ok=outcome.ok)
        _tell(outcome, len(self._current.settings.routes))
        return outcome

    async def _replace(self) -> Outcome:
        self._read = look(self._source)
        try:
            wished = await asyncio.to_thread(read_again, self._source, self._env)
        except ConfigInvalid as invalid:
            return Outcome(generation=self._number, errors=tuple(invalid.errors))
        if wished.settings.tokens.brand != self._started.settings.tokens.brand:
            return Outcome(generation=self._number, refused="tokens.brand is fixed per installation")
        changed = await asyncio.to_thread(difference, self._current.settings, wished.settings)
        self._number += 1
        await self._give(self._number, wished)
        self._current = wished
        return Outcome(
            generation=self._number,
            changed=changed,
            needs_restart=needs_restart(self._started.settings, wished.settings),
            unknown_to_proxies=unknown_to_proxies(self._started.check.policy, wished.check.policy),
        )


def _tell(outcome: Outcome, routes: int) -> None:
    if not outcome.ok:
        errors = [str(error) for error in outcome.errors] or [outcome.refused]
        log.error("reload refused, the old configuration stays", errors=errors)
        return
    for key in outcome.needs_restart:
        log.warning("changed, but takes a restart", key=key)
    if outcome.unknown_to_proxies:
        log.warning(
            "the proxies do not know these headers: clients can forge them until their config is printed again",
            headers=outcome.unknown_to_proxies,
            run="token-gateway proxy-config",
        )
    changed = outcome.changed
    log.info(
        "reloaded",
        generation=outcome.generation,
        routes=routes,
        added=changed.added[:NAMED],
        removed=changed.removed[:NAMED],
        changed=changed.changed[:NAMED],
        reordered=changed.reordered,
        sections=changed.sections,
    )
