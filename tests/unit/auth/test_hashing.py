"""Hashing is bounded: in parameters, in threads, and in what waits."""

import asyncio
import os
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import hashing
from gateway.auth.hashing import (
    ARGON2ID,
    HASHING_NICENESS,
    HashPool,
    PoolFullError,
    Verdict,
    hash_token_secret,
    verify_token_secret,
)
from gateway.core.token import Secret

SECRET, OTHER = Secret("s" * 32), Secret("o" * 32)
HASH = hash_token_secret(SECRET)


def test_a_hash_matches_its_secret_and_no_other():
    assert verify_token_secret(ARGON2ID, HASH, SECRET) == Verdict(matches=True)
    assert verify_token_secret(ARGON2ID, HASH, OTHER) == Verdict(matches=False)


def test_two_hashes_of_one_secret_differ_and_hold_the_token_profile():
    assert hash_token_secret(SECRET) != HASH
    assert HASH.startswith("$argon2id$v=19$m=8192,t=1,p=1$")


@pytest.mark.parametrize(
    ("scheme", "stored", "fault"),
    [
        pytest.param("md5", HASH, "unknown scheme", id="scheme"),
        pytest.param(ARGON2ID, HASH.replace("m=8192", "m=4194304"), "above the ceiling", id="D12-4-GiB"),
        pytest.param(ARGON2ID, HASH.replace("t=1", "t=1000"), "above the ceiling", id="D12-t-1000"),
        pytest.param(ARGON2ID, HASH.replace("p=1", "p=255"), "above the ceiling", id="D12-p-255"),
        pytest.param(ARGON2ID, "", "broken", id="empty"),
        pytest.param(ARGON2ID, "$argon2id$v=19$m=8192,t=1,p=1$!!$!!", "broken", id="not-base64"),
        pytest.param(ARGON2ID, "$2b$12$" + "a" * 53, "broken", id="bcrypt"),
    ],
)
def test_a_hostile_hash_never_matches_and_is_not_computed(scheme, stored, fault):
    verdict = verify_token_secret(scheme, stored, SECRET)
    assert not verdict.matches
    assert fault in verdict.fault


@pytest.fixture
def pool():
    made = HashPool(threads=1, queue=2, name="test")
    yield made
    made.close()


async def test_a_full_pool_refuses_at_once_and_takes_work_again_later(pool):
    go = threading.Event()
    waiting = [asyncio.create_task(pool.run(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(PoolFullError):
        await pool.run(lambda: None)
    go.set()
    assert await asyncio.gather(*waiting) == [True] * 3
    await asyncio.sleep(0)
    assert await pool.run(lambda: 7) == 7


async def test_a_cancelled_request_gives_its_place_back_only_when_no_thread_works_for_it(pool):  # D10
    started, go = threading.Event(), threading.Event()
    running = asyncio.create_task(pool.run(lambda: (started.set(), go.wait())))
    await asyncio.to_thread(started.wait, 5)
    queued = asyncio.create_task(pool.run(lambda: None))
    await asyncio.sleep(0)
    assert pool.held == 2
    running.cancel()
    queued.cancel()
    await asyncio.gather(running, queued, return_exceptions=True)
    await asyncio.sleep(0.01)
    assert pool.held == 1, "the queued work was never begun, the running one still holds a thread"
    go.set()
    assert await pool.run(lambda: 7) == 7, "the next work waits for the running one"
    await asyncio.sleep(0)
    assert pool.held == 0


async def the_rest(tasks):
    """What came of each: its result, or the kind of its error."""
    return [one if isinstance(one, str) else type(one).__name__ for one in await gathered(tasks)]


async def gathered(tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)


class Held:
    """A pool whose one thread works for whoever came first until `go` is set, and the order in which others follow."""

    def __init__(self, queue):
        self.pool = HashPool(threads=1, queue=queue, name="test")
        self.go, self.order = threading.Event(), []
        self.first = asyncio.create_task(self.pool.run(self.go.wait, "first"))

    def bring(self, lane, *names):
        def work(name):
            self.order.append(name)
            return name

        return [asyncio.create_task(self.pool.run(lambda name=name: work(name), lane)) for name in names]

    async def finish(self):
        self.go.set()
        await self.first


@pytest.fixture
async def held():
    made = Held(queue=6)
    await asyncio.sleep(0)
    yield made
    await made.finish()
    made.pool.close()


async def test_networks_take_turns_whoever_came_first(held):
    tasks = held.bring("crowd", "c1", "c2", "c3", "c4") + held.bring("a", "a1") + held.bring("b", "b1")
    await asyncio.sleep(0)
    await held.finish()
    await gathered(tasks)
    assert held.order == ["c1", "a1", "b1", "c2", "c3", "c4"]


async def test_a_full_queue_takes_the_place_from_the_longest_lane_and_gives_it_to_a_shorter_one(held):
    crowd = held.bring("crowd", "c1", "c2", "c3", "c4", "c5", "c6", "c7")
    await asyncio.sleep(0)
    lone = held.bring("a", "a1")
    await asyncio.sleep(0)
    assert held.pool.held == 7
    await held.finish()
    assert await the_rest(lone) == ["a1"]
    assert await the_rest(crowd) == ["c1", "c2", "c3", "c4", "c5", "PoolFullError", "PoolFullError"]
    assert held.pool.held == 0


async def test_of_lanes_of_one_length_none_takes_from_another(held):
    tasks = held.bring("a", "a1", "a2", "a3") + held.bring("b", "b1", "b2", "b3") + held.bring("a", "a4")
    await asyncio.sleep(0)
    await held.finish()
    assert await the_rest(tasks) == ["a1", "a2", "a3", "b1", "b2", "b3", "PoolFullError"]


async def test_whoever_leaves_the_queue_makes_room_and_is_not_worked_for(held):  # D10
    tasks = held.bring("a", "a1", "a2", "a3") + held.bring("b", "b1")
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[3].cancel()
    await asyncio.sleep(0.01)
    assert held.pool.held == 3
    await held.finish()
    assert await the_rest(tasks) == ["CancelledError", "a2", "a3", "CancelledError"]
    assert held.order == ["a2", "a3"]


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=40),
    st.integers(1, 8),
)
async def test_whatever_comes_and_goes_places_are_bounded_and_none_is_lost(arrivals, queue):
    held = Held(queue)
    await asyncio.sleep(0)
    tasks = []
    for lane, leaves in arrivals:
        tasks += held.bring(lane, lane)
        await asyncio.sleep(0)
        if leaves:
            tasks[len(tasks) // 2].cancel()
        await asyncio.sleep(0)
        assert held.pool.held <= 1 + queue
    await held.finish()
    worked = [one for one in await the_rest(tasks) if one in "abcd"]
    assert sorted(worked) == sorted(held.order)
    assert held.pool.held == 0
    held.pool.close()


async def test_hashing_steps_back_behind_the_rest_of_the_process(pool):
    nice = await pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
    assert nice == min(19, os.getpriority(os.PRIO_PROCESS, os.getpid()) + HASHING_NICENESS)


async def test_an_error_in_the_work_reaches_the_caller_and_frees_the_place(pool):
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    await asyncio.sleep(0)
    assert pool.held == 0


async def test_a_quiet_pool_gives_its_memory_back_once(monkeypatch):
    given = []
    monkeypatch.setattr(hashing, "QUIET_S", 0.05)
    monkeypatch.setattr(hashing, "give_back", lambda: given.append(threading.current_thread().name))
    pool = HashPool(threads=2, queue=8, name="test")
    try:
        for _ in range(3):
            await asyncio.gather(*(pool.run(lambda: None) for _ in range(4)))
        assert given == []
        await asyncio.sleep(0.2)
        assert len(given) == 1
        assert given[0].startswith("test")  # off the loop
        await pool.run(lambda: None)
        await asyncio.sleep(0.2)
        assert len(given) == 2
    finally:
        pool.close()


async def test_a_closed_pool_gives_nothing_back(monkeypatch):
    given = []
    monkeypatch.setattr(hashing, "QUIET_S", 0.02)
    monkeypatch.setattr(hashing, "give_back", lambda: given.append(True))
    pool = HashPool(threads=1, queue=8, name="test")
    await pool.run(lambda: None)
    pool.close()
    await asyncio.sleep(0.1)
    assert given == []


RESIDENT = """
from gateway.runtime.lean import keep_small
keep_small()
from concurrent.futures import ThreadPoolExecutor
from gateway.auth.hashing import hash_token_secret
from gateway.auth.memory import give_back
from gateway.core.token import Secret
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4
hash_token_secret(Secret("s" * 32))
give_back()
before = resident()
list(ThreadPoolExecutor(2).map(hash_token_secret, [Secret("s" * 32)] * 40))
give_back()
print(resident() - before)
"""


def test_what_hashing_took_goes_back_to_the_system():
    done = subprocess.run([sys.executable, "-c", RESIDENT], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 2 * 1024  # kB; 16 MB where each thread keeps its own
