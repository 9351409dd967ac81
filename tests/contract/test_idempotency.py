"""What is kept of requests that may be sent again: for a day, and never the key itself."""

from datetime import timedelta

import pytest

from gateway.store import Earlier, IdempotencyKey, Use
from tests.builders import NOW, a_stored_secret
from tests.contract.backend import add_alice

KEY = IdempotencyKey(caller="session:id-of-alice", operation="create_token", key_hash="k")


@pytest.fixture
async def made(store):
    """A token that came of a request."""
    (token_id,) = await add_alice(store)
    record = await store.load_token(token_id)
    earlier = Earlier(request_hash="r", token_id=token_id, secret_row=record.secrets[0].row, created_at=NOW)
    async with store.change(actor="test") as change:
        assert await change.earlier(KEY) is None
        await change.remember(KEY, earlier)
    return earlier


async def test_a_request_is_known_for_a_day_by_caller_operation_and_key(backend, store, made):
    others = [
        IdempotencyKey(**({"caller": KEY.caller, "operation": KEY.operation, "key_hash": KEY.key_hash} | other))
        for other in ({"caller": "token:x"}, {"operation": "rotate_token"}, {"key_hash": "l"})
    ]
    async with store.change(actor="test") as change:
        assert await change.earlier(KEY) == made
        assert [await change.earlier(other) for other in others] == [None, None, None]
    backend.clock.at = NOW + timedelta(hours=24)
    async with store.change(actor="test") as change:
        assert await change.earlier(KEY) is None
        await change.remember(
            KEY, Earlier(request_hash="s", token_id=made.token_id, secret_row=1, created_at=change.at)
        )
        assert (await change.earlier(KEY)).request_hash == "s"


async def test_a_secret_that_nobody_used_gives_way_to_another(store, made):
    token = (await store.load_token(made.token_id)).token
    async with store.change(actor="test") as change:
        stored = await change.replace_unused(made.token_id, made.secret_row, a_stored_secret(token))
        await change.remember_again(KEY, stored.row)
        assert (await change.earlier(KEY)).secret_row == stored.row
    record = await store.load_token(made.token_id)
    assert [one.row for one in record.secrets if one.ends_at is None] == [stored.row]
    old = next(one for one in record.secrets if one.row == made.secret_row)
    assert old.ends_at < NOW
    async with store.change(actor="test") as change:  # the first one is not the current one any more
        assert await change.replace_unused(made.token_id, made.secret_row, a_stored_secret(token)) is None


@pytest.mark.parametrize("act", ["used", "revoked", "rotated"])
async def test_a_secret_that_was_used_or_ended_stays_as_it_is(store, made, act):
    token = (await store.load_token(made.token_id)).token
    if act == "used":
        await store.record_usage([Use(token_id=token.id, count=1, last_used_at=NOW, last_address="192.0.2.7")])
    async with store.change(actor="test") as change:
        if act == "revoked":
            await change.revoke(token.id)
        if act == "rotated":
            await change.rotate(token.id, a_stored_secret(token), old_ends_at=NOW)
    before = (await store.load_token(token.id)).secrets
    async with store.change(actor="test") as change:
        assert await change.replace_unused(token.id, made.secret_row, a_stored_secret(token)) is None
    assert (await store.load_token(token.id)).secrets == before


async def test_a_rotation_that_is_sent_again_leaves_the_old_secret_in_its_grace(store, made):
    token = (await store.load_token(made.token_id)).token
    ends = NOW + timedelta(days=7)
    async with store.change(actor="test") as change:
        new = await change.rotate(token.id, a_stored_secret(token), old_ends_at=ends, until_used=True)
    used = Use(token_id=token.id, count=3, last_used_at=NOW, last_address="192.0.2.7")
    await store.record_usage([used])  # the old one is what everybody uses still
    async with store.change(actor="test") as change:
        newer = await change.replace_unused(token.id, new.row, a_stored_secret(token))
    record = await store.load_token(token.id)
    old = next(one for one in record.secrets if one.row == made.secret_row)
    assert (old.ends_at, old.ended_by_use_of) == (ends, newer.row)
    async with store.change(actor="test") as change:
        assert await change.end_by_use(token.id, old=old.row, new=newer.row)
    async with store.change(actor="test") as change:  # now the new one was used
        assert await change.replace_unused(token.id, newer.row, a_stored_secret(token)) is None
