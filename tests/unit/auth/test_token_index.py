"""Which ids there are: known without the store, never behind the lease, and read anew when the feed has a gap."""

import asyncio
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import token_index as module
from gateway.auth.token_index import RETRY_S, TokenIndex
from gateway.core.evidence import NotChecked, Proven
from gateway.core.reason import Reason
from gateway.core.token import Kind, compose, new_id, new_secret
from gateway.store import FeedRow
from tests.fakes import Clock, Store


def unknown() -> bytes:
    """A well-formed token that nobody has made."""
    return compose("tg", Kind.PERSONAL, new_id(os.urandom(64)), new_secret(os.urandom(64))).reveal().encode()


async def loaded(index: TokenIndex) -> None:
    """Have it read, and wait for that."""
    index.lacks("")
    if index._loading is not None:
        await asyncio.gather(index._loading, return_exceptions=True)


@pytest.fixture
def store():
    made = Store()
    made.records = dict.fromkeys("bdf")
    return made


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def index(store, clock):
    made = TokenIndex(store, clock)
    yield made
    await made.close()


async def test_before_it_is_read_it_lacks_nothing(index):
    assert not index.lacks("a")
    assert len(index) == 0


async def test_it_lacks_what_the_store_does_not_have_and_reads_that_in_pages(index, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    await loaded(index)
    assert [one for one in "abcdefg" if not index.lacks(one)] == ["b", "d", "f"]
    assert len(index) == 3


async def test_it_does_not_lack_what_the_feed_has_named_since(index):
    await loaded(index)
    index.apply([FeedRow(seq=1, subject="token", id="a"), FeedRow(seq=2, subject="owner", id="c")])
    index.apply([FeedRow(seq=3, subject="token", id="a")])
    assert [one for one in "abcdefg" if not index.lacks(one)] == ["a", "b", "d", "f"]
    assert len(index) == 4


async def test_it_does_not_lack_what_the_feed_names_while_it_is_being_read(index, store):
    store.gate = asyncio.Event()
    assert not index.lacks("a")
    await asyncio.sleep(0)
    index.apply([FeedRow(seq=1, subject="token", id="a")])
    store.gate.set()
    await loaded(index)
    assert not index.lacks("a")
    assert index.lacks("c")


@pytest.mark.parametrize("rows", [None, [FeedRow(seq=1, subject="all", id="")]])
async def test_a_gap_during_the_read_has_it_read_again(index, store, rows):
    store.gate = asyncio.Event()
    assert not index.lacks("a")
    await asyncio.sleep(0)
    index.apply(rows)
    store.records["a"] = None
    store.gate.set()
    await asyncio.sleep(0.01)
    assert not index.lacks("x"), "what was read before the gap counts for nothing"
    await loaded(index)
    assert not index.lacks("a")
    assert index.lacks("c")


@pytest.mark.parametrize("rows", [None, [FeedRow(seq=1, subject="all", id="")]])
async def test_after_a_gap_it_lacks_nothing_until_it_is_read_again(index, store, rows):
    await loaded(index)
    store.records["a"] = None
    index.apply(rows)
    assert not index.lacks("a")
    await loaded(index)
    assert not index.lacks("a")
    assert index.lacks("c")


async def test_while_the_store_is_away_it_lacks_nothing_and_asks_once_a_second(index, store, clock):
    store.is_away = True
    await loaded(index)
    store.is_away = False
    await loaded(index)
    assert not index.lacks("a")
    clock.advance(RETRY_S)
    await loaded(index)
    assert index.lacks("a")


@given(st.sets(st.text("abc", min_size=1, max_size=4)), st.lists(st.text("abc", min_size=1, max_size=4)))
async def test_it_lacks_exactly_what_is_in_neither_store_nor_feed(known, named):
    store = Store()
    store.records = dict.fromkeys(known)
    index = TokenIndex(store, Clock())
    await loaded(index)
    index.apply([FeedRow(seq=seq, subject="token", id=one) for seq, one in enumerate(named)])
    for one in [*known, *named, "d", "aaaaa"]:
        assert index.lacks(one) == (one not in known and one not in named)
    await index.close()


@pytest.fixture
async def indexed(house):
    """The house, with an index."""
    house.states.index = TokenIndex(house.store, house.clock)
    return house


async def test_unknown_ids_cost_one_read_of_all_ids_and_none_each(indexed):
    await indexed.ask(unknown())
    await loaded(indexed.states.index)
    loads = indexed.store.loads
    for _ in range(100):
        assert (await indexed.ask(unknown())).reason is Reason.UNKNOWN_TOKEN
    assert indexed.store.loads == loads
    assert len(indexed.states.unknown) == 1, "nor memory"


async def test_a_token_works_a_millisecond_after_it_was_made(indexed):  # T27
    await loaded(indexed.states.index)
    assert (await indexed.ask(unknown())).reason is Reason.UNKNOWN_TOKEN
    token, presented = indexed.keep()
    indexed.feed.append("token", token.id)
    indexed.clock.advance(0.0011)
    assert isinstance(await indexed.ask(presented), Proven)


async def test_a_token_made_the_moment_it_is_asked_for_is_read_again_and_not_refused_for_ever(indexed):
    token, presented = indexed.keep()
    record = indexed.store.records.pop(token.id)
    await loaded(indexed.states.index)
    assert (await indexed.ask(presented)).reason is Reason.UNKNOWN_TOKEN
    indexed.store.records[token.id] = record
    indexed.feed.append("token", token.id)
    indexed.clock.advance(0.0011)
    assert isinstance(await indexed.ask(presented), Proven)


async def test_with_a_feed_that_cannot_be_read_nobody_is_called_unknown(indexed):
    await loaded(indexed.states.index)
    await indexed.ask(unknown())
    indexed.feed.is_away = True
    indexed.clock.advance(0.002)
    evidence = await indexed.ask(unknown())
    assert isinstance(evidence, NotChecked)
    assert evidence.reason is Reason.UNAVAILABLE
