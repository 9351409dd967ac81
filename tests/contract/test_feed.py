"""The change feed, as a worker follows it on a connection of its own."""

from datetime import timedelta

import pytest

from gateway.store import Changes, FeedRow, Use
from gateway.store.feed import MOST_ROWS
from gateway.store.ledger import FEED_AGE_KEPT, FEED_ROWS_KEPT
from tests.builders import NOW, a_stored_secret, an_owner
from tests.contract.backend import add_alice


@pytest.fixture
async def feed(store):
    """A feed that stands at the newest row."""
    made = store.follow()
    yield made
    made.close()


async def enable(store, enabled, owner_id="id-of-alice"):
    """One change with one feed row."""
    async with store.change(actor="test") as change:
        await change.set_owner_enabled(owner_id, enabled)


async def test_nothing_new_is_none(store, feed):
    assert feed.poll() is None
    await store.load_token("00000000000")
    assert feed.poll() is None


async def test_what_was_committed_before_the_poll_is_in_it_once_and_in_order(store, feed):
    first, second = await add_alice(store, tokens=2)
    await enable(store, False)
    changes = feed.poll()
    assert changes == Changes(
        epoch=store.meta.epoch,
        seq=4,
        rows=(
            FeedRow(1, "owner", "id-of-alice"),
            FeedRow(2, "token", first),
            FeedRow(3, "token", second),
            FeedRow(4, "owner", "id-of-alice"),
        ),
        complete=True,
        serve_cached_for_s=0.0,
    )
    assert (feed.position.epoch, feed.position.seq) == (store.meta.epoch, 4)
    assert feed.poll() is None


async def test_a_feed_begins_at_the_newest_row(store):
    await add_alice(store)
    late = store.follow()
    try:
        assert late.position.seq == 2
        assert late.poll() is None
    finally:
        late.close()


async def test_another_store_on_the_same_database_is_seen(backend, feed):
    await add_alice(await backend.open())
    assert [row.subject for row in feed.poll().rows] == ["owner", "token"]


@pytest.mark.parametrize(
    "verb",
    ["revoke", "suspend", "rotate", "edit_token", "set_groups", "set_organisations", "edit_owner", "delete_owner"],
)
async def test_every_change_of_state_is_in_the_feed(store, verb):
    (token_id,) = await add_alice(store)
    record = await store.load_token(token_id)
    new_secret = a_stored_secret(record.token)
    calls = {
        "revoke": (("token", token_id), [token_id], {}),
        "suspend": (("token", token_id), [token_id], {}),
        "rotate": (("token", token_id), [token_id, new_secret], {"old_ends_at": NOW}),
        "edit_token": (("token", token_id), [token_id], {"scopes": frozenset()}),
        "set_groups": (("owner", "id-of-alice"), ["id-of-alice", []], {}),
        "set_organisations": (("owner", "id-of-alice"), ["id-of-alice", []], {}),
        "edit_owner": (("owner", "id-of-alice"), ["id-of-alice"], {"name": "A"}),
        "delete_owner": (("owner", "id-of-alice"), ["id-of-alice"], {}),
    }
    subject, arguments, named = calls[verb]
    feed = store.follow()
    try:
        async with store.change(actor="test") as change:
            await getattr(change, verb)(*arguments, **named)
        told = {(row.subject, row.id) for row in feed.poll().rows}
    finally:
        feed.close()
    assert subject in told
    assert verb != "delete_owner" or ("token", token_id) in told


async def test_usage_is_no_change(store, feed):
    (token_id,) = await add_alice(store)
    feed.poll()
    await store.record_usage([Use(token_id=token_id, count=1, last_used_at=NOW, last_address="10.0.0.1")])
    changes = feed.poll()
    assert (changes.rows, changes.complete, changes.seq) == ((), True, 2)


async def test_a_rolled_back_change_is_never_seen(store, feed):
    await add_alice(store)
    feed.poll()

    async def failing():
        async with store.change(actor="test") as change:
            await change.set_owner_enabled("id-of-alice", False)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    changes = feed.poll()
    assert changes is None or changes.rows == ()
    await enable(store, False)
    assert [row.seq for row in feed.poll().rows] == [3]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE meta SET epoch = 'another'",
        "DELETE FROM change_feed WHERE seq = 3",
        "DELETE FROM change_feed",
        "UPDATE meta SET feed_seq = 1",
        "UPDATE meta SET feed_seq = feed_seq + 1",
    ],
    ids=["another epoch", "a gap", "pruned away", "a smaller number", "a row that is missing at the end"],
)
async def test_what_cannot_be_followed_is_not_complete(backend, store, feed, tampering):
    await add_alice(store)
    feed.poll()
    await enable(store, False)
    await enable(store, True)
    backend.sql(tampering)
    changes = feed.poll()
    assert (changes.complete, changes.rows) == (False, ())
    assert (feed.position.epoch, feed.position.seq) == backend.sql("SELECT epoch, feed_seq FROM meta")[0]
    assert feed.poll() is None


async def test_too_far_behind_is_not_complete_and_not_read(backend, store, feed):
    await add_alice(store)
    feed.poll()
    backend.sql("UPDATE meta SET feed_seq = feed_seq + ?", MOST_ROWS)
    await enable(store, False)
    assert not feed.poll().complete


async def test_old_rows_go_with_time(backend, store):
    await add_alice(store)
    backend.clock.advance(FEED_AGE_KEPT + timedelta(seconds=1))
    for number in range(64):
        await enable(store, bool(number % 2))
    seqs = [seq for (seq,) in backend.sql("SELECT seq FROM change_feed ORDER BY seq")]
    assert seqs == list(range(3, 67))


async def test_only_so_many_rows_are_kept(backend, store):
    await add_alice(store)
    later = FEED_ROWS_KEPT // 64 * 64 + 127  # rows go at every 64th number
    backend.sql("UPDATE meta SET feed_seq = ?", later)
    await enable(store, False)
    assert [seq for (seq,) in backend.sql("SELECT seq FROM change_feed")] == [later + 1]


async def test_a_deleted_owner_with_many_tokens_is_one_change(store, feed):
    ids = await add_alice(store, tokens=30)
    feed.poll()
    async with store.change(actor="test") as change:
        assert await change.delete_owner("id-of-alice") == 30
    told = [(row.subject, row.id) for row in feed.poll().rows]
    assert sorted(told) == sorted([("owner", "id-of-alice"), *(("token", id_) for id_ in ids)])
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("bob"))
    assert feed.poll().seq == 63
