"""One writer at a time."""

import asyncio
import stat
import threading
import time

import pytest

from gateway.store import StoreUnavailable
from gateway.store.lock import FileLock


@pytest.fixture
def lock(tmp_path):
    """The lock of a database."""
    return FileLock(tmp_path / "x.db")


def test_one_holds_it_and_the_next_gets_it_after_him(lock, tmp_path):
    first = lock.try_take()
    assert first is not None
    assert lock.try_take() is None
    assert FileLock(tmp_path / "x.db").try_take() is None
    lock.release(first)
    second = lock.try_take()
    assert second is not None
    lock.release(second)


def test_the_lock_file_is_for_its_owner_alone(lock, tmp_path):
    with lock.held(1):
        assert stat.S_IMODE((tmp_path / "x.db.lock").stat().st_mode) == 0o600


async def test_waiting_blocks_no_loop_and_ends_at_the_limit(lock):
    held = lock.try_take()
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0.005)

    ticking = asyncio.create_task(tick())
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable, match=r"writing for 0\.2 s"):
        await lock.take(0.2)
    assert 0.15 < time.monotonic() - begun < 1
    assert ticks > 5
    ticking.cancel()
    lock.release(held)


async def test_a_waiter_gets_it_soon_after_it_is_free(lock):
    held = lock.try_take()
    asyncio.get_running_loop().call_later(0.05, lock.release, held)
    begun = time.monotonic()
    lock.release(await lock.take(5))
    assert time.monotonic() - begun < 1


async def test_a_cancelled_waiter_takes_nothing(lock):
    held = lock.try_take()
    waiting = asyncio.create_task(lock.take(5))
    await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    lock.release(held)
    again = lock.try_take()
    assert again is not None
    lock.release(again)


def test_in_threads_it_parts_too_and_the_limit_holds(lock):
    order = []

    def work(name):
        with lock.held(5):
            order.append(name)
            time.sleep(0.01)
            order.append(name)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order[::2] == order[1::2]
    with lock.held(1), pytest.raises(StoreUnavailable), lock.held(0.05):
        pytest.fail("two holders")


def test_a_folder_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(StoreUnavailable, match="cannot open the lock file"):
        FileLock(tmp_path / "nowhere" / "x.db").try_take()
