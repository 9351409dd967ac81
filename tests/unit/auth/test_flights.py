"""Work that many wait for: done once, and not at all for those who went away."""

import asyncio
import threading

import pytest

from gateway.auth.flights import Flights
from gateway.auth.hashing import HashPool, PoolFullError
from gateway.core.evidence import Proven


class Siege:
    """A pool whose one thread is taken until `go` is set."""

    def __init__(self):
        self.pool, self.flights = HashPool(threads=1, queue=4, name="test"), Flights()
        self.go, self.done, self.ended = threading.Event(), [], []
        self.taken = asyncio.create_task(self.pool.run(self.go.wait))

    def ask(self, name):
        """Somebody who waits for the work of this name."""
        flight = self.flights.share(
            name.encode(), lambda: (self.done.append(name), name)[1], self.pool.run, lambda: self.ended.append(name)
        )
        return asyncio.create_task(flight)

    async def end(self, *tasks):
        """Let the thread go on; what came of the tasks."""
        self.go.set()
        await self.taken
        return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def siege():
    made = Siege()
    await asyncio.sleep(0)
    yield made
    await made.end()
    await made.flights.close()
    made.pool.close()


async def turns():
    """Let everybody come as far as they can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def gone(*tasks):
    """The clients hang up."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await turns()


async def test_any_number_who_want_the_same_have_it_done_once(siege):
    asking = [siege.ask("a") for _ in range(50)]
    await turns()
    assert siege.pool.held == 2
    assert await siege.end(*asking) == ["a"] * 50
    assert (siege.done, siege.ended) == (["a"], ["a"])


async def test_when_the_last_who_waits_hangs_up_the_work_leaves_the_queue_and_is_never_done(siege):  # D10
    asking = [siege.ask("a") for _ in range(3)] + [siege.ask("b")]
    await turns()
    assert siege.pool.held == 3
    await gone(*asking)
    assert siege.pool.held == 1, "only what the thread works on"
    assert await siege.end(siege.ask("c")) == ["c"]
    assert siege.done == ["c"]
    assert sorted(siege.ended) == ["a", "b", "c"]


async def test_while_one_waits_the_others_may_go(siege):
    leaving, staying = siege.ask("a"), siege.ask("a")
    await turns()
    await gone(leaving)
    assert await siege.end(staying) == ["a"]


async def test_whoever_comes_after_all_others_went_begins_anew(siege):
    first = siege.ask("a")
    await turns()
    await gone(first)
    second = siege.ask("a")
    assert await siege.end(second) == ["a"]
    assert siege.done == ["a"]


async def test_a_thousand_who_ask_and_hang_up_keep_nobody_out(siege):  # D10
    for number in range(1000):
        asking = siege.ask(str(number))
        await turns()
        await gone(asking)
    assert await siege.end(siege.ask("holder")) == ["holder"]
    assert siege.done == ["holder"]


async def test_work_that_a_thread_has_begun_is_joined_and_not_begun_twice(siege):
    began, go, times = threading.Event(), threading.Event(), []
    await siege.end()

    def work():
        times.append(1)
        began.set()
        return go.wait()

    leaving = asyncio.create_task(siege.flights.share(b"x", work, siege.pool.run))
    await asyncio.to_thread(began.wait, 5)
    await gone(leaving)
    joining = asyncio.create_task(siege.flights.share(b"x", work, siege.pool.run))
    await turns()
    go.set()
    assert await joining
    assert len(times) == 1


async def test_a_full_pool_is_told_to_everybody_who_waits(siege):
    kept = [siege.ask(str(number)) for number in range(4)]
    await turns()
    refused = [siege.ask("one too many") for _ in range(3)]
    found = await asyncio.gather(*refused, return_exceptions=True)
    assert [type(one) for one in found] == [PoolFullError] * 3
    assert await siege.end(*kept) == ["0", "1", "2", "3"]


async def test_checks_that_are_given_up_before_their_turn_cost_no_argon2(house):  # D10
    go = threading.Event()
    taken = [asyncio.create_task(house.pool.run(go.wait)) for _ in range(house.pool._threads)]
    asking = [asyncio.create_task(house.ask(house.keep()[1])) for _ in range(3)]
    await asyncio.sleep(0.1)  # the rows are read
    assert house.pool.held == len(taken) + len(asking)
    await gone(*asking)
    assert house.pool.held == len(taken)
    go.set()
    await asyncio.gather(*taken)
    assert isinstance(await house.ask(house.keep()[1]), Proven)
