"""How people sign in, and where they are signed in."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.core.owner import OwnerKind
from gateway.store import NotFound, SessionRow, SignedInBy, backup, restore
from tests.builders import NOW, an_owner
from tests.contract.backend import KEY, LIMITS, add_alice

SESSION = SessionRow(
    id="s1",
    owner_id="id-of-alice",
    created_at=NOW,
    last_seen_at=NOW,
    expires_at=NOW + timedelta(hours=24),
    proof_at=NOW,
    address="192.0.2.7",
    user_agent="Browser/1",
    how=SignedInBy.PASSWORD,
)


@pytest.fixture
async def alice(store):
    """A user that is stored, signed in once."""
    await add_alice(store)
    async with store.change(actor="test") as change:
        await change.begin_session(SESSION)


async def test_a_session_comes_back_as_it_was_begun_with_the_person_as_they_are_now(store, alice):
    record = await store.session("s1")
    assert record.session == SESSION
    assert record.account.owner.groups == ("admins", "staff")
    assert record.account.password is None
    assert await store.session("s2") is None
    async with store.change(actor="test") as change:
        await change.set_groups("id-of-alice", ["guests"])
    assert (await store.session("s1")).account.owner.groups == ("guests",)


async def test_a_password_replaces_the_one_before_and_ends_every_session(store, alice):
    for count, (text, forced) in enumerate((("hash-1", True), ("hash-2", False))):
        async with store.change(actor="test") as change:
            assert await change.set_password("id-of-alice", text, must_change=forced) == 1 - count
        password = (await store.account("ALICE")).password
        assert (password.hash, password.must_change, password.set_at) == (text, forced, NOW)
    assert await store.sessions("id-of-alice") == ()


async def test_disabling_ends_every_session_and_enabling_brings_none_back(backend, store, alice):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("bob"))
        await change.begin_session(replace(SESSION, id="bobs", owner_id=an_owner("bob").id))
    for enabled in (False, True):
        async with store.change(actor="test") as change:
            assert await change.set_owner_enabled("id-of-alice", enabled)
        assert await store.session("s1") is None
        assert await store.sessions("id-of-alice") == ()
    assert await store.session("bobs") is not None
    rows = backend.sql("SELECT detail FROM audit WHERE action IN ('user_disabled', 'user_enabled') ORDER BY seq")
    assert rows == [('{"sessions_ended":1}',), ("{}",)]


async def test_no_check_is_told_of_passwords_and_sessions(store, alice):
    feed = store.follow()
    async with store.change(actor="test") as change:
        await change.set_password("id-of-alice", "hash", must_change=False)
        await change.begin_session(SESSION)
        await change.prove_session("s1")
        await change.end_sessions("id-of-alice")
    await store.record_seen("s1", NOW)
    assert feed.poll().rows == ()
    feed.close()


async def test_seen_goes_forward_only_and_ended_sessions_stay_ended(backend, store, alice):
    for seconds, expected in ((60, 60), (30, 60)):
        await store.record_seen("s1", NOW + timedelta(seconds=seconds))
        assert (await store.session("s1")).session.last_seen_at == NOW + timedelta(seconds=expected)
    async with store.change(actor="test") as change:
        assert await change.end_session("s1", owner_id="id-of-alice")
        assert not await change.end_session("s1", owner_id="id-of-alice")
        assert not await change.prove_session("s1")
    await store.record_seen("s1", NOW + timedelta(hours=1))
    assert await store.session("s1") is None


async def test_sessions_that_ran_out_are_cleared_when_the_next_begins(backend, store, alice):
    backend.clock.advance(timedelta(hours=24))
    async with store.change(actor="test") as change:
        await change.begin_session(replace(SESSION, id="s2", created_at=change.at, expires_at=NOW + timedelta(days=2)))
    assert [row.id for row in await store.sessions("id-of-alice")] == ["s2"]


async def test_deleting_a_person_takes_password_and_sessions_along(backend, store, alice):
    async with store.change(actor="test") as change:
        await change.set_password("id-of-alice", "hash", must_change=True)
        await change.begin_session(SESSION)
        await change.delete_owner("id-of-alice")
    assert await store.account("alice") is None
    assert await store.session("s1") is None
    assert backend.sql("SELECT password_hash, password_set_at, password_must_change FROM owners") == [(None, None, 0)]
    assert backend.sql("SELECT count(*) FROM sessions") == [(0,)]


async def test_an_application_has_no_account(store):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("cron", kind=OwnerKind.APPLICATION))
    assert await store.account("cron") is None
    with pytest.raises(NotFound):
        async with store.change(actor="test") as change:
            await change.set_password("id-of-cron", "hash", must_change=False)


async def test_groups_of_the_single_sign_on_are_replaced_and_local_ones_stay(store):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("eve", groups=("staff",), sso=True, confirmed_at=NOW))
        await change.set_groups("id-of-eve", ["admins"], source="sso")
        await change.set_groups("id-of-eve", ["guests"], source="sso")
    eve = (await store.owner(login="eve")).owner
    assert (eve.groups, eve.sso, eve.confirmed_at) == (("guests", "staff"), True, NOW)


async def test_confirming_is_told_to_every_worker_and_only_of_people_of_the_single_sign_on(backend, store, alice):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("eve", sso=True, confirmed_at=NOW))
    feed = store.follow()
    backend.clock.advance(timedelta(days=1))
    async with store.change(actor="test") as change:
        await change.confirm_owner("id-of-eve", is_one_of_many=True)
    assert [row.id for row in feed.poll().rows] == ["id-of-eve"]
    feed.close()
    assert (await store.owner(login="eve")).owner.confirmed_at == NOW + timedelta(days=1)
    with pytest.raises(ValueError, match="not of the single sign-on"):
        async with store.change(actor="test") as change:
            await change.confirm_owner("id-of-alice")


async def test_a_backup_brings_no_session_back(backend, store, alice):
    copy = (await backup(backend.url, backend.folder / "copy.db")).path
    await store.close()
    await restore(backend.url, copy, actor="test", keys=[KEY], now=backend.clock, limits=LIMITS)
    restored = await backend.open()
    assert (await restored.account("alice")).owner.login == "alice"
    assert await restored.session("s1") is None
