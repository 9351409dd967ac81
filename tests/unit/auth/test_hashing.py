"""Hashing is bounded: in parameters, in threads, and in what waits."""

import asyncio
import threading

import pytest

from gateway.auth.hashing import (
    ARGON2ID,
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


async def test_an_error_in_the_work_reaches_the_caller_and_frees_the_place(pool):
    with pytest.raises(ZeroDivisionError):
        await pool.run(lambda: 1 // 0)
    await asyncio.sleep(0)
    assert pool.held == 0
