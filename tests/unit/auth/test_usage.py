"""Uses are counted in memory and written behind: none lost, none twice."""

import asyncio

import pytest

from gateway.auth.usage import UsageCounter
from gateway.store import StoreUnavailable
from tests.builders import NOW
from tests.fakes import Store


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def faults():
    return []


@pytest.fixture
def usage(store, faults):
    return UsageCounter(store, faults.append)


def counted(store):
    return sum(use.count for use in store.uses)


async def test_uses_of_one_token_are_one_row_with_the_last_time_and_address(usage, store):
    for _ in range(3):
        usage.count("t1", NOW, None)
    await usage.flush()
    (use,) = store.uses
    assert (use.token_id, use.count, use.last_used_at) == ("t1", 3, NOW)


async def test_a_store_that_is_away_keeps_the_counts_for_the_next_write(usage, store, faults):
    usage.count("t1", NOW, None)
    store.is_away = True
    await usage.flush()
    assert len(faults) == 1
    usage.count("t1", NOW, None)
    store.is_away = False
    await usage.flush()
    assert counted(store) == 2


async def test_write_tells_that_the_store_refused(usage, store):
    usage.count("t1", NOW, None)
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        await usage.write()


async def test_a_write_waits_for_the_one_under_way_and_writes_what_came_since(usage, store, monkeypatch):
    go, real = asyncio.Event(), store.record_usage

    async def slow(batch):
        await go.wait()
        await real(batch)

    monkeypatch.setattr(store, "record_usage", slow)
    usage.count("t1", NOW, None)
    first = asyncio.create_task(usage.flush())
    await asyncio.sleep(0)
    second = asyncio.create_task(usage.write())
    await asyncio.sleep(0.01)
    assert not second.done(), "what the first one holds is not written yet"
    go.set()
    await asyncio.gather(first, second)
    assert counted(store) == 1


async def test_who_gives_up_waiting_does_not_have_a_use_counted_twice(usage, store, monkeypatch):
    go, real = asyncio.Event(), store.record_usage

    async def slow(batch):
        await go.wait()
        await real(batch)

    monkeypatch.setattr(store, "record_usage", slow)
    usage.count("t1", NOW, None)
    waiting = asyncio.create_task(usage.write())
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    go.set()
    await usage.flush()
    assert counted(store) == 1


async def test_a_tally_is_added_to_until_its_batch_is_written_and_then_a_new_one_begins(usage, store):
    first = usage.count("t1", NOW, None)
    assert usage.count("t1", NOW, None, first) is first
    await usage.flush()
    second = usage.count("t1", NOW, None, first)
    assert second is not first
    await usage.flush()
    assert [use.count for use in store.uses] == [2, 1]


async def test_a_tally_that_could_not_be_written_is_one_with_what_was_counted_meanwhile(usage, store):
    first = usage.count("t1", NOW, None)
    store.is_away = True
    await usage.flush()
    assert usage.count("t1", NOW, None, first) is first
    assert usage.count("t1", NOW, None) is first
    store.is_away = False
    await usage.flush()
    assert counted(store) == 3
    assert usage.count("t1", NOW, None, first) is not first
