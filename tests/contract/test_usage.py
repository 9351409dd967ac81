"""Use counts: written in any order and by anybody, the sum is the same."""

import asyncio
import tempfile
from datetime import timedelta
from itertools import permutations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.store import Usage, Use
from tests.builders import NOW, a_stored_secret
from tests.contract.backend import SqliteBackend, add_alice


def use(token_id, count=1, after_s=0, address="10.0.0.1"):
    """A use, some seconds after NOW."""
    at = NOW + timedelta(seconds=after_s)
    return Use(token_id=token_id, count=count, last_used_at=at, last_address=address)


async def test_a_token_that_was_never_used_says_so(store):
    (token_id,) = await add_alice(store)
    assert await store.usage(token_id) == Usage(total=0, since_rotation=0, last_used_at=None, last_address="")


async def test_counts_add_up_and_the_latest_use_gives_time_and_address(store):
    one, other = await add_alice(store, tokens=2)
    await store.record_usage([use(one, 3, 10, "10.0.0.9"), use(other, 1)])
    await store.record_usage([use(one, 2, 5, "10.0.0.1")])
    later = NOW + timedelta(seconds=10)
    assert await store.usage(one) == Usage(total=5, since_rotation=5, last_used_at=later, last_address="10.0.0.9")
    assert (await store.token(other)).usage == await store.usage(other)


async def test_counts_of_tokens_that_are_not_there_are_passed_over(store):
    (token_id,) = await add_alice(store)
    await store.record_usage([use("00000000000"), use(token_id)])
    await store.record_usage([])
    assert (await store.usage(token_id)).total == 1


async def test_rotation_begins_the_count_since_rotation_anew(store):
    (token_id,) = await add_alice(store)
    await store.record_usage([use(token_id, 7)])
    record = await store.load_token(token_id)
    async with store.change(actor="test") as change:
        await change.rotate(token_id, a_stored_secret(record.token), old_ends_at=change.at)
    await store.record_usage([use(token_id, 2)])
    usage = await store.usage(token_id)
    assert (usage.total, usage.since_rotation) == (9, 2)


async def test_counts_of_many_stores_at_once_are_all_there(backend, store):
    (token_id,) = await add_alice(store)
    stores = [store, await backend.open(), await backend.open()]
    await asyncio.gather(*(stores[n % 3].record_usage([use(token_id, n)]) for n in range(12)))
    assert (await store.usage(token_id)).total == sum(range(12))


uses = st.tuples(st.integers(1, 5), st.integers(0, 3), st.sampled_from(["", "10.0.0.1", "10.0.0.2", "2001:db8::1"]))


@settings(max_examples=15, deadline=None)
@given(st.lists(uses, min_size=1, max_size=4))
def test_the_order_of_the_writes_does_not_matter(templates, written):
    orders = [*list(permutations(written))[:5], tuple(reversed(written))]

    async def results(folder):
        backend = SqliteBackend(folder, templates["sqlite"])
        store = await backend.open()
        ids = await add_alice(store, tokens=len(orders))
        for step in range(len(written)):
            await store.record_usage([use(id_, *order[step]) for id_, order in zip(ids, orders, strict=True)])
        found = [(await store.usage(id_), await store.usage_by_day(id_, since=NOW.date())) for id_ in ids]
        await backend.close()
        return found

    with tempfile.TemporaryDirectory() as folder:
        first, *others = asyncio.run(results(Path(folder)))
    assert first[0].total == sum(first[1].values()) == sum(count for count, _, _ in written)
    assert all(other == first for other in others)


async def test_each_use_counts_on_its_day_and_days_without_one_are_left_out(store, backend):
    one, other = await add_alice(store, tokens=2)
    today, day = NOW.date(), timedelta(days=1)
    await store.record_usage([use(one, 3), use(other, 5)])
    await store.record_usage([use(one, 4, after_s=86400), use(one, 1, after_s=2), use("00000000000")])
    assert await store.usage_by_day(one, since=today) == {today: 4, today + day: 4}
    assert await store.usage_by_day(one, since=today + day) == {today + day: 4}
    assert await store.usage_by_day(other, since=today - day) == {today: 5}
    assert await store.usage_by_day("00000000000", since=today) == {}
    assert (await store.usage(one)).total == 8


async def test_days_are_kept_for_90_days_and_the_totals_for_ever(store, backend):
    (token_id,) = await add_alice(store)
    await store.record_usage([use(token_id, 3)])
    for days, left in ((90, 3), (91, 0)):
        backend.clock.at = NOW + timedelta(days=days)
        await store.record_usage([use("00000000000")])
        assert sum((await store.usage_by_day(token_id, since=NOW.date())).values()) == left, days
    assert (await store.usage(token_id)).total == 3
