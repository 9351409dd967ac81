"""The ids of tokens, a page at a time; and the feed, which names each one that is added."""

import os

from gateway.auth.token_index import TokenIndex
from gateway.core.token import new_id
from tests.builders import a_stored_secret, a_token, an_owner
from tests.fakes import Clock


async def test_ids_come_in_order_and_in_pages_also_those_of_tokens_that_ended(store):
    owner = an_owner("alice")
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        made = []
        for _ in range(7):
            token = a_token(owner, id=new_id(os.urandom(64)))
            await change.add_token(token, a_stored_secret(token))
            made.append(token.id)
        await change.revoke(made[0])
    read, after = [], ""
    while page := await store.token_ids(after=after, limit=3):
        assert len(page) <= 3
        read += page
        after = page[-1]
    assert read == sorted(made)


async def test_a_token_that_is_added_is_named_by_the_feed(store):
    owner, index = an_owner("alice"), TokenIndex(store, Clock())
    feed = store.follow()
    feed.poll()
    index.lacks("x")
    assert index._loading is not None
    await index._loading
    token = a_token(owner)
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        await change.add_token(token, a_stored_secret(token))
    assert index.lacks(token.id)
    changes = feed.poll()
    assert changes is not None
    index.apply(changes.rows)
    assert not index.lacks(token.id)
    feed.close()
