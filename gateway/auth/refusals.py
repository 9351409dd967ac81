"""What checks refused, for the audit: counted in memory at the check, written behind, a minute at a time.

A known token: one record for it, the reason and the minute. What is no token of ours: one record for the minute, with
the networks that most came from. However many are refused, memory and rows a minute are bounded, and what found no
place is counted. A graceful stop loses nothing, a kill at most a minute and an interval; should the store fail while
it commits, a minute can be there twice. Each worker keeps its own.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Network
from itertools import islice
from typing import Protocol

from gateway.auth.limits import IPV6_NETWORK, network
from gateway.auth.usage import INTERVAL_S
from gateway.core.decision import Challenge, Deny
from gateway.core.frequent import Frequent
from gateway.core.naming import without_tokens
from gateway.core.network import Address
from gateway.core.reason import Reason
from gateway.core.target import Target
from gateway.store import StoreError, TokenRefusal, UnknownRefusals

MINUTE_S = 60
# Records a minute for tokens whose secret matched, and as many for others: who knows handles only crowds out nobody.
RECORDS = 1000
MINUTES = 30  # kept while the store is away; what comes later is counted with the last of them
NETWORKS, NETWORKS_TOLD = 256, 5
AT_ONCE = 500  # records in one transaction
# Of a presented value that is no token of ours.
UNKNOWN = frozenset({Reason.MALFORMED_TOKEN, Reason.UNKNOWN_TOKEN, Reason.LIMITED})
# The gateway's own fault, not the token's: log and metrics have it.
NOT_JUDGED = frozenset({Reason.UNAVAILABLE, Reason.INTERNAL_ERROR})


class RefusalStore(Protocol):
    """Where the records go."""

    async def record_refusals(self, known: Sequence[TokenRefusal], unknown: Sequence[UnknownRefusals]) -> None:
        """Write the records, in one transaction."""
        ...


@dataclass(slots=True)
class _Tally:
    """Refusals of one token for one reason within one minute; the place is that of the last."""

    first_at: datetime
    last_at: datetime
    count: int = 0
    address: Address | None = None
    host: str = ""
    route: str = ""


@dataclass(slots=True)
class _Minute:
    """All that was refused in one minute."""

    first_at: datetime
    last_at: datetime
    known: dict[tuple[str, Reason], _Tally] = field(default_factory=dict)
    listed: Counter[bool] = field(default_factory=Counter)
    unlisted: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)  # of what is no token of ours
    networks: Frequent[bytes] = field(default_factory=lambda: Frequent(NETWORKS))


class Refusals:
    """Refusals since the last write. Use it on the loop's thread; `refused` never waits and never raises."""

    def __init__(self, store: RefusalStore, *, clock: Callable[[], datetime], fault: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._fault = fault
        self._minutes: dict[int, _Minute] = {}
        self._due: deque[_Minute] = deque()
        self._turn = asyncio.Lock()

    def refused(self, decision: Deny | Challenge, target: Target | None, at: datetime) -> None:
        """Count one refused check, if a token, or something in its place, was presented."""
        if decision.reason in UNKNOWN and not decision.proven:  # `limited` is also what a token too often used reads
            self.refused_stranger(decision.reason, network(None if target is None else target.address), at)
        elif decision.handle and decision.reason not in NOT_JUDGED:
            minute = self._minute(at)
            tally = _tally(minute, decision, at)
            if tally is None:
                minute.unlisted += 1
                return
            tally.count += 1
            tally.last_at = at
            tally.route = "" if decision.route is None else decision.route.name
            if target is not None:
                tally.host, tally.address = target.host, target.address

    def refused_stranger(self, reason: Reason, client: bytes, at: datetime) -> None:
        """Count one refused check of a value that is no token of ours, from that `network`."""
        minute = self._minute(at)
        minute.reasons[reason] += 1
        minute.networks.add(client)

    async def flush(self, *, whole: bool = False) -> None:
        """Write the minutes that are over; `whole`: also the one that is not. What the store refuses is kept."""
        async with self._turn:
            now = _number(self._clock())
            for number in sorted(self._minutes):
                if whole or (number != now and len(self._due) < MINUTES):
                    self._due.append(self._minutes.pop(number))
            while self._due:
                try:
                    await self._write(self._due[0])
                except StoreError as error:
                    self._fault(f"refusals of {len(self._due)} minutes are kept for the next write: {error}")
                    return
                self._due.popleft()

    async def run(self, stop: asyncio.Event) -> None:
        """Flush at every interval until `stop` is set. Never cancelled in the middle of a write."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL_S)
            await self.flush()

    async def _write(self, minute: _Minute) -> None:
        """In transactions of a bounded size, since nobody else writes meanwhile; what is written is taken off."""
        while minute.known:
            batch = list(islice(minute.known.items(), AT_ONCE))
            await self._store.record_refusals([_record(*key, tally) for key, tally in batch], [])
            for key, _ in batch:
                del minute.known[key]
        if minute.reasons or minute.unlisted:
            await self._store.record_refusals([], [_summary(minute)])

    def _minute(self, at: datetime) -> _Minute:
        number = _number(at)
        found = self._minutes.get(number)
        if found is None:
            if self._minutes and len(self._minutes) + len(self._due) >= MINUTES:
                found = self._minutes[max(self._minutes)]
            else:
                found = self._minutes[number] = _Minute(at, at)
        found.last_at = at
        return found


def _tally(minute: _Minute, decision: Deny | Challenge, at: datetime) -> _Tally | None:
    """The tally of the token and the reason; None when there are too many of its sort already."""
    key = decision.handle.rpartition("_")[2], decision.reason
    found = minute.known.get(key)
    if found is None and minute.listed[decision.proven] < RECORDS:
        minute.listed[decision.proven] += 1
        found = minute.known[key] = _Tally(at, at)
    return found


def _record(token_id: str, reason: Reason, tally: _Tally) -> TokenRefusal:
    return TokenRefusal(
        token_id=token_id,
        reason=reason.value,
        count=tally.count,
        first_at=tally.first_at,
        last_at=tally.last_at,
        last_address=str(tally.address or ""),
        host=without_tokens(tally.host),  # a client can name any; on a route for every host it comes as far as here
        route=tally.route,
    )


def _summary(minute: _Minute) -> UnknownRefusals:
    return UnknownRefusals(
        count=minute.reasons.total(),
        first_at=minute.first_at,
        last_at=minute.last_at,
        reasons={reason.value: count for reason, count in minute.reasons.items()},
        networks=tuple((_in_words(packed), count) for packed, count in minute.networks.most(NETWORKS_TOLD)),
        unlisted=minute.unlisted,
    )


def _in_words(packed: bytes) -> str:
    """What one client has, as `gateway.auth.limits.network` packs it: an IPv4 address, or the /64 of an IPv6 one."""
    if len(packed) == IPV6_NETWORK // 8:
        return str(IPv6Network((packed.ljust(16, b"\0"), IPV6_NETWORK)))
    return str(IPv4Address(packed)) if packed else "unknown"


def _number(at: datetime) -> int:
    return int(at.timestamp()) // MINUTE_S
