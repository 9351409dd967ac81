"""The proof of revocation: one long-lived gateway, many tokens, and round after round of rights that are taken away.

A round: see that everybody has their rights; ask for all of them, over many connections to every worker; take some
away, at about the same time and through several doors, perhaps while a worker is stopped or killed or the write lock
held; ask for those at once, on connections that were quiet until then, and go on; then judge every check.
"""

import asyncio
import contextlib
import math
import random
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from gateway.auth.desk import Desk
from gateway.auth.hashing import HashPool
from gateway.auth.refused import Refused
from tests.installation import CONFIG as USUAL
from tests.installation import Installation
from tests.process.serving import Serving
from tests.proof.revocation import plan as plans
from tests.proof.revocation import roster
from tests.proof.revocation.by_api import ByApi
from tests.proof.revocation.by_command import ByCommand
from tests.proof.revocation.by_use_case import ByUseCase
from tests.proof.revocation.connection import Seen
from tests.proof.revocation.faults import KILL, LOCK, during, replaced, stopped, workers_under
from tests.proof.revocation.load import Load
from tests.proof.revocation.roster import CONFIG, Roster, Slot
from tests.proof.revocation.verdict import Subject, Tally, judge
from tests.proof.revocation.wire import Target

BOUND_S = 0.12  # by when what was given back is so everywhere, with what was said of SQLite's bound
WARM_S = 0.12  # asked for before anything is taken away
AFTER_S = 0.05  # asked for after the last was taken away
LATEST_S = 5.0  # by when each that was taken away has to have been asked for
CLOCKS_S = 0.002  # between two readings of the wall clock and the monotonic one
SOON_S = (0.4, 3.0, 30.0)  # until an expiry comes; the later ones when a call had to wait for its turn until after it
CONNECTIONS = {1: (8, 6), 4: (3, 3)}  # busy and quiet ones of each worker


@dataclass(slots=True)
class Result:
    """What came of rounds. `took_s`: how long calls took, by kind and door, without rounds whose lock was held."""

    workers: int
    rounds: int = 0
    taken: int = 0
    tally: Tally = field(default_factory=Tally)
    took_s: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    faults: Counter[str] = field(default_factory=Counter)
    failed_seeds: list[int] = field(default_factory=list)
    repeated: float = 0.0
    seconds: float = 0.0


class Proof:
    """One gateway with so many workers, under load."""

    def __init__(self, serving: Serving, desk: Desk, load: Load, people: Roster, workers: int) -> None:
        self._serving, self._desk, self._load, self._people = serving, desk, load, people
        self._doors = {
            plans.IN_PROCESS: ByUseCase(desk),
            plans.API: ByApi(serving.portal, people.admin),
            plans.COMMAND: ByCommand(serving.installation.config),
        }
        assert serving.process is not None
        self._parent = serving.process.pid
        self._workers = workers_under(self._parent)
        self._key = 0
        self.result = Result(workers)

    async def connect(self, pids: dict[str, int]) -> None:
        """Connections to each of these workers: the others are stopped while they are made."""
        for pid in pids.values():
            async with contextlib.AsyncExitStack() as stack:
                for other in self._workers.values():
                    if other != pid:
                        stack.enter_context(stopped(other))
                await self._load.deal(*CONNECTIONS[len(self._workers)])

    async def round(self, seed: int) -> Tally:
        """One round; what came of it is also in `result`."""
        began, planned = time.monotonic(), plans.plan(seed)
        await self._people.whole([step.kind for step in planned.steps])
        await asyncio.sleep(BOUND_S)
        by_kind = {step.kind: self._subjects(self._people.slots[step.kind]) for step in planned.steps}
        bystanders = [self._subject("bystander", Target("GET", "/api/x", one)) for one in self._people.bystanders]
        subjects = [*bystanders, *(one for several in by_kind.values() for one in several)]
        draw = random.Random(-1 - seed)
        self._load.ask_for({one.key: one.target for one in subjects}, seed)
        await asyncio.sleep(WARM_S)
        fault = during(planned.fault, draw, self._workers, self._serving.installation.database)
        async with fault, asyncio.TaskGroup() as group:
            for step in planned.steps:
                group.create_task(self._take(step, by_kind[step.kind], planned.fault))
        await asyncio.sleep(AFTER_S)
        seen, resets, unanswered = await self._load.take()
        tally, after = judge(subjects, seen)
        tally.resets, tally.unanswered = resets, unanswered
        latest = time.monotonic() + LATEST_S
        while missed := [one for one in subjects if one.gone_from < math.inf and not after[one.key]]:
            assert time.monotonic() < latest, f"nobody could ask for {missed} afterwards"
            again, more = judge(subjects, await self._ask_again(missed, seed))
            tally.add(again)
            after += more
        if planned.fault == KILL:
            before, self._workers = self._workers, await replaced(self._parent, self._workers)
            await self.connect({name: pid for name, pid in self._workers.items() if before[name] != pid})
        self._note(planned, tally, time.monotonic() - began)
        return tally

    async def _ask_again(self, missed: list[Subject], seed: int) -> list[Seen]:
        """Ask for what nobody has asked for since it went: the machine was busy."""
        self._load.ask_for({one.key: one.target for one in missed}, seed)
        self._load.gone([one.key for one in missed])
        await asyncio.sleep(AFTER_S)
        return (await self._load.take())[0]

    async def connect_all(self) -> None:
        """Connections to every worker."""
        await self.connect(self._workers)

    def repeated(self) -> float:
        """How many checks were answered as the same head was before."""
        body = self._serving.get(self._serving.ops, "/metrics")[2].decode()
        found = re.search(r"^token_gateway_repeated_heads_total (\S+)$", body, re.MULTILINE)
        return 0.0 if found is None else float(found[1])

    def _subjects(self, slot: Slot) -> list[Subject]:
        return [self._subject(slot.kind.name, target) for target in slot.targets()]

    def _subject(self, what: str, target: Target) -> Subject:
        self._key += 1
        return Subject(key=self._key, what=what, target=target)

    async def _take(self, step: plans.Step, subjects: list[Subject], fault: str) -> None:
        """Take one right away, and note when."""
        await asyncio.sleep(step.at_s)
        slot, door = self._people.slots[step.kind], self._doors[step.door]
        began = time.monotonic()
        if not step.kind.is_timed:
            for one in subjects:
                one.taking_from = began
        for soon_s in SOON_S:
            moment = datetime.now(UTC) + timedelta(seconds=soon_s)
            try:
                secret = await door.take(slot, moment)
                break
            except (Refused, RuntimeError) as error:
                if step.kind is not roster.EXPIRE or "in the past" not in str(error) or soon_s == SOON_S[-1]:
                    raise
        returned = time.monotonic()
        slot.is_whole = False
        ends = returned
        if step.kind.is_timed:
            when = await self._end_of_grace(slot) if step.kind is roster.GRACE else moment
            ends = time.monotonic() + (when - datetime.now(UTC)).total_seconds()
            await asyncio.sleep(max(0.0, ends + CLOCKS_S - time.monotonic()))
        for one in subjects:
            one.taking_from = min(one.taking_from, ends - CLOCKS_S)
            one.gone_from = max(returned, ends + CLOCKS_S * step.kind.is_timed)
        self._load.gone([one.key for one in subjects])
        if secret is not None:
            slot.secrets = [secret]
        if fault != LOCK:
            self.result.took_s.setdefault((step.kind.name, step.door), []).append(returned - began)

    async def _end_of_grace(self, slot: Slot) -> datetime:
        record = await self._desk.store.load_token(slot.handles[0].partition("_")[2])
        assert record is not None
        return max(one.ends_at for one in record.secrets if one.ends_at is not None)

    def _note(self, planned: plans.Plan, tally: Tally, seconds: float) -> None:
        result = self.result
        result.rounds += 1
        result.taken += len(planned.steps)
        result.seconds += seconds
        result.faults[planned.fault] += 1
        result.tally.add(tally)
        if tally.allowed_after or tally.refused_before or tally.unanswered:
            result.failed_seeds.append(planned.seed)


@contextlib.asynccontextmanager
async def proving(installation: Installation, workers: int) -> AsyncIterator[Proof]:
    """A gateway of that installation with so many workers, and the load on it."""
    installation.config.write_text(CONFIG, "utf-8")
    serving = _Serving(installation, "--workers", str(workers))
    async with contextlib.AsyncExitStack() as stack:
        opened = await stack.enter_async_context(installation.desk())
        pool = HashPool(threads=1, queue=64, name="proof")
        stack.callback(pool.close)
        desk = replace(opened, hashing=pool)
        people = Roster(desk)
        await people.begin()
        stack.callback(serving.stop)
        await asyncio.to_thread(serving.start)
        load = Load(serving.check)
        stack.callback(load.close)
        proof = Proof(serving, desk, load, people, workers)
        await proof.connect_all()
        yield proof
        proof.result.repeated = proof.repeated()


class _Serving(Serving):
    """With the routes of the proof."""

    def base(self) -> str:
        return super().base().replace(USUAL, CONFIG)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """As always; one that takes too long for that, on a busy machine, is killed, and its children go with it."""
        try:
            return super().stop(number)
        except subprocess.TimeoutExpired:
            return super().stop(signal.SIGKILL)
