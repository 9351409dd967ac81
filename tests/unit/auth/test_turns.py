"""What a check itself brings about: the end of an old secret by the use of the new, and the end of an idle token."""

import asyncio
import contextlib
import fcntl
from datetime import timedelta

import pytest

from gateway.auth import authenticate, turns
from gateway.auth.hashing import hash_token_secret
from gateway.store import Use
from tests.builders import a_presented, a_stored_secret, a_token
from tests.workers import WallClock, a_worker

DAY = timedelta(days=1)


class Town:
    """Two workers over one database, and tokens of alice's."""

    def __init__(self, installed, one, other, clock):
        self.installed, self.one, self.other, self.clock = installed, one, other, clock
        self.store = one.desk.store

    async def keep(self, **over):
        """A token, and what a client presents."""
        alice = (await self.store.owner(login="alice")).owner
        token = a_token(alice, **({"created_at": self.clock(), "expires_at": None} | over))
        presented, stored = self._secret(token)
        async with self.store.change(actor="test") as change:
            await change.add_token(token, stored)
        return token, presented

    async def rotate(self, token):
        """Another secret for the token until it is used; what a client presents."""
        presented, stored = self._secret(token)
        async with self.store.change(actor="test") as change:
            await change.rotate(token.id, stored, old_ends_at=change.at + 7 * DAY, until_used=True)
        await self.bound()
        return presented

    def _secret(self, token):
        presented, secret = a_presented(token)
        key = self.one.desk.keyring.current
        return presented.decode(), a_stored_secret(
            token, row=0, hash=hash_token_secret(secret), key_id=key.id, tag=key.tag(secret.reveal())
        )

    async def bound(self):
        """Wait until what was committed is effective everywhere."""
        await asyncio.sleep(self.store.meta.bound_s + 0.01)

    def audited(self, action):
        """Who did it, and from where, each time."""
        return self.installed.rows(f"SELECT actor, address FROM audit WHERE action = '{action}'")

    @contextlib.contextmanager
    def nobody_writes(self):
        """Another program holds the writers' lock."""
        with (self.installed.folder / "token-gateway.db.lock").open("a") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield


@pytest.fixture
async def town(installed, monkeypatch):
    monkeypatch.setattr(authenticate, "STORE_DEADLINE_S", 2.0)  # a busy machine is not what these tests are about
    clock = WallClock()
    async with a_worker(installed, clock) as one, a_worker(installed, clock) as other:
        yield Town(installed, one, other, clock)


async def test_the_old_secret_lives_until_the_new_one_is_used_and_then_nowhere(town):
    token, old = await town.keep()
    new = await town.rotate(token)
    assert [await worker.ask(old) for worker in (town.one, town.other)] == ["allowed", "allowed"]
    assert await town.one.ask(new, address="192.0.2.9") == "allowed"
    assert await town.one.ask(old) == "invalid_token", "at once where it was used"
    await town.bound()
    assert await town.other.ask(old) == "invalid_token"
    assert await town.other.ask(new) == "allowed"
    assert town.audited("old_secret_ended") == [(token.owner_id, "192.0.2.9")]


async def test_a_refused_use_of_the_new_secret_ends_nothing(town):
    token, old = await town.keep()
    new = await town.rotate(token)
    assert await town.one.ask(new, "/closed/x") == "forbidden"
    assert await town.one.ask(new, "/inside") == "network"
    assert await town.one.ask(old) == "allowed"
    assert town.audited("old_secret_ended") == []


async def test_without_a_use_the_old_secret_ends_after_seven_days(town):
    token, old = await town.keep()
    new = await town.rotate(token)
    town.clock.advance(days=7)
    assert await town.one.ask(old) == "invalid_token"
    assert await town.other.ask(new) == "allowed"


async def test_of_many_first_uses_at_once_one_commits_and_all_are_allowed(town):
    token, _ = await town.keep()
    new = await town.rotate(token)
    asked = [worker.ask(new) for worker in (town.one, town.other) for _ in range(8)]
    assert await asyncio.gather(*asked) == ["allowed"] * 16
    assert len(town.audited("old_secret_ended")) == 1


async def test_a_first_use_that_cannot_be_committed_is_no_allow(town, monkeypatch):
    monkeypatch.setattr(turns, "COMMIT_DEADLINE_S", 0.05)
    token, old = await town.keep()
    new = await town.rotate(token)
    with town.nobody_writes():
        assert await town.one.ask(new) == "unavailable"
        assert await town.one.ask(old) == "allowed"
    monkeypatch.setattr(turns, "COMMIT_DEADLINE_S", 2.0)
    assert await town.one.ask(new) == "allowed"
    assert await town.one.ask(old) == "invalid_token"


async def test_a_token_revoked_during_its_first_use_is_not_allowed(town, monkeypatch):
    token, _ = await town.keep()
    new = await town.rotate(token)
    take = turns.Turns.take

    async def revoked_meanwhile(self, turn, **more):
        await take(self, turn, **more)
        async with town.store.change(actor="test") as change:
            await change.revoke(token.id)
        await town.bound()

    monkeypatch.setattr(turns.Turns, "take", revoked_meanwhile)
    assert await town.one.ask(new) == "revoked"


async def test_a_live_check_asks_the_store_for_nothing(town, monkeypatch):
    token, _ = await town.keep(idle=DAY)
    new = await town.rotate(token)
    assert await town.one.ask(new) == "allowed"
    await town.bound()
    assert await town.one.ask(new) == "allowed", "read again, as the feed named it"
    for name in ("load_token", "change"):
        monkeypatch.setattr(town.store, name, None)
    assert await town.one.ask(new) == "allowed"


async def test_an_idle_token_ends_with_its_next_use_for_good(town):
    token, presented = await town.keep(idle=DAY)
    assert await town.one.ask(presented) == "allowed"
    await town.one.usage.flush()
    town.clock.advance(hours=24)
    assert await town.one.ask(presented) == "allowed", "a minute is left for uses that are not written yet"
    await town.one.usage.flush()
    town.clock.advance(hours=24, seconds=61)
    assert await town.one.ask(presented, address="192.0.2.9") == "idle"
    await town.store.record_usage(
        [Use(token_id=token.id, count=1, last_used_at=town.clock() - timedelta(hours=1), last_address="")]
    )
    await town.bound()
    assert [await worker.ask(presented) for worker in (town.one, town.other)] == ["idle", "idle"]
    assert town.audited("token_idle_expired") == [(token.owner_id, "192.0.2.9")]


async def test_a_use_that_another_worker_counted_keeps_a_token_alive(town):
    _, presented = await town.keep(idle=DAY)
    assert await town.one.ask(presented) == "allowed"
    town.clock.advance(hours=20)
    assert await town.other.ask(presented) == "allowed"
    await town.other.usage.flush()
    town.clock.advance(hours=20)
    assert await town.one.ask(presented) == "allowed"
    assert town.audited("token_idle_expired") == []


async def test_a_use_that_is_only_counted_here_keeps_a_token_alive(town):
    _, presented = await town.keep(idle=DAY)
    for _ in range(4):
        assert await town.one.ask(presented) == "allowed"
        town.clock.advance(hours=20)


async def test_an_idle_token_whose_end_cannot_be_committed_is_refused_all_the_same(town, monkeypatch):
    monkeypatch.setattr(turns, "COMMIT_DEADLINE_S", 0.05)
    _, presented = await town.keep(idle=DAY)
    town.clock.advance(days=2)
    with town.nobody_writes():
        assert await town.one.ask(presented) == "unavailable"


async def test_a_suspended_token_and_one_of_a_disabled_owner_do_not_end_by_resting(town):
    token, presented = await town.keep(idle=DAY)
    async with town.store.change(actor="test") as change:
        await change.suspend(token.id)
    town.clock.advance(days=9)
    assert await town.one.ask(presented) == "suspended"
    async with town.store.change(actor="test") as change:
        await change.resume(token.id)
        await change.set_owner_enabled(token.owner_id, False)
    await town.bound()
    assert await town.one.ask(presented) == "owner_disabled"
    town.clock.advance(hours=1)
    async with town.store.change(actor="test") as change:
        await change.set_owner_enabled(token.owner_id, True)
    await town.bound()
    assert await town.one.ask(presented) == "allowed"


async def test_a_token_works_only_on_the_hosts_that_it_names(town):
    _, presented = await town.keep(hosts=frozenset({"dav.example.org", "*.other.org"}))
    assert await town.one.ask(presented) == "host"
    assert await town.one.ask(presented, "/alice/x", host="DAV.example.org:443") == "allowed"
