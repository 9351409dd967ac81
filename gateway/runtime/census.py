"""The census: what is known of all processes, as plain data that the portal reads (`gateway.auth.census`).

The portal is a process like the others and sees none of them: it asks the parent, which asks them all.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from gateway.auth.census import Census, read_census
from gateway.runtime.channel import Channel, Kind
from gateway.runtime.totals import Snapshot

ANSWER_S = 3.0  # longer than the parent waits for a process that does not answer


class Watched(Protocol):
    """A process, as whoever started it knows it."""

    @property
    def name(self) -> str:
        """`worker-1`, `portal`, or `gateway` for the only one."""
        ...

    @property
    def pid(self) -> int | None:
        """Of the process that runs."""
        ...

    @property
    def began_at(self) -> datetime | None:
        """When it was started."""
        ...

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        ...

    @property
    def generation(self) -> int:
        """The number of the configuration that it uses; 0 while it does not answer."""
        ...


def process(one: Watched, readiness: Mapping[str, Any], heard_s: float | None) -> dict[str, Any]:
    """One process of a census."""
    return {
        "name": one.name,
        "pid": one.pid,
        "began_at": None if one.began_at is None else one.began_at.isoformat(),
        "restarts": one.restarts,
        "configuration": one.generation,
        "is_accepting": bool(readiness.get("accepting")),
        "has_store": bool(readiness.get("store")),
        "is_cached": bool(readiness.get("cached")),
        "heard_s": heard_s,
    }


def census(
    *,
    began_at: datetime,
    configuration: int,
    processes: Sequence[Mapping[str, Any]],
    metrics: Snapshot,
    routes: Mapping[str, int],
) -> dict[str, Any]:
    """The census as plain data."""
    return {
        "began_at": began_at.isoformat(),
        "configuration": configuration,
        "processes": list(processes),
        "metrics": metrics,
        "routes": routes,
    }


class AskParent:
    """A child's question for the census: one at a time, whoever waits for it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._number = 0
        self._answer: asyncio.Future[Census] | None = None

    async def __call__(self) -> Census | None:
        """The census of this moment, or of the question that is under way; None when there is no answer in time."""
        if self._answer is None:
            self._number += 1
            self._answer = asyncio.get_running_loop().create_future()
            self._channel.send(Kind.WONDER, self._number)
        answer = self._answer
        try:
            async with asyncio.timeout(ANSWER_S):
                return await asyncio.shield(answer)
        except TimeoutError:
            if self._answer is answer:
                self._answer = None
            return None

    def heard(self, number: int, document: Mapping[str, Any]) -> None:
        """The parent's answer. One to a question that nobody asks any more is left."""
        answer = self._answer
        if answer is not None and number == self._number:
            self._answer = None
            if not answer.done():
                answer.set_result(read_census(document))
