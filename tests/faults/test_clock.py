"""A wall clock that jumps forward and back: what is dated follows it, and nothing else does."""

import asyncio
import contextlib

import pytest

from tests.installation import handle
from tests.unit.auth.signing_in import front
from tests.workers import WallClock, a_worker


@pytest.fixture
def clock():
    return WallClock()


@pytest.fixture
async def worker(installation, clock):
    async with contextlib.AsyncExitStack() as stack:
        await asyncio.to_thread(installation.token, "warm")
        yield await stack.enter_async_context(a_worker(installation, clock))


async def test_a_token_that_expires_by_a_clock_gone_ahead_passes_again_when_the_clock_is_right(
    installation, worker, clock
):
    token = await asyncio.to_thread(installation.token)
    assert await worker.ask(token) == "allowed"
    clock.advance(days=400)
    assert await worker.ask(token) == "expired"
    clock.advance(days=-400)
    assert await worker.ask(token) == "allowed"


async def test_a_clock_gone_back_brings_no_token_back_to_life(installation, worker, clock):
    token = await asyncio.to_thread(installation.token)
    assert await worker.ask(token) == "allowed"
    await asyncio.to_thread(installation.ok, "token", "revoke", handle(token))
    for days in (-400, 800):
        clock.advance(days=days)
        assert await worker.ask(token) in {"revoked", "expired"}


async def test_a_revocation_is_effective_when_its_command_returns_however_the_clocks_of_both_differ(
    installation, worker, clock
):
    for days in (-30, 60):
        clock.advance(days=days)
        token = await asyncio.to_thread(installation.token, f"at {days}")
        assert await worker.ask(token) == "allowed"
        await asyncio.to_thread(installation.ok, "token", "revoke", handle(token))
        assert await worker.ask(token) == "revoked"


async def test_uses_are_counted_whatever_the_time(installation, worker, clock):
    token = await asyncio.to_thread(installation.token)
    for hours in (0, -48, 96, -48):
        clock.advance(hours=hours)
        assert await worker.ask(token) == "allowed"
        await worker.usage.flush()
    token_id = handle(token).partition("_")[2]
    assert installation.rows(f"SELECT total FROM usage WHERE token_id = '{token_id}'") == [(4,)]
    assert installation.rows(f"SELECT sum(total) FROM usage_days WHERE token_id = '{token_id}'") == [(4,)]


async def test_the_audit_verifies_though_its_times_go_back(installation, worker, clock):
    for days in (0, 30, -60, 30):
        clock.advance(days=days)
        async with worker.desk.store.change(actor="test") as change:
            entry = await change.owner(id=installation.rows("SELECT id FROM owners")[0][0])
            await change.edit_owner(entry.owner.id, name=f"at {days} {clock.ahead}")
    assert (await worker.desk.store.verify_audit()).fault == ""
    times = [at for (at,) in installation.rows("SELECT at FROM audit ORDER BY seq")]
    assert times != sorted(times), "the times are those of the clock, the order is that of the numbers"


async def test_an_idle_token_does_not_end_by_a_clock_gone_back_and_ends_for_good_by_one_gone_ahead(
    installation, worker, clock
):
    done = await asyncio.to_thread(
        installation.ok, "token", "create", "--user", "alice", "--name", "idle", "--scope", "rest", "--idle", "1d"
    )
    token = done.out.strip()
    clock.advance(days=-20)
    assert await worker.ask(token) == "allowed"
    clock.advance(days=20)
    assert await worker.ask(token) == "allowed"
    clock.advance(days=2)
    assert await worker.ask(token) == "idle"
    clock.advance(days=-2)
    assert await worker.ask(token) == "idle", "documented: the refusal is final"


async def test_a_grace_that_ends_early_by_a_clock_gone_ahead_goes_on_when_the_clock_is_right(
    installation, worker, clock
):
    old = await asyncio.to_thread(installation.token)
    done = await asyncio.to_thread(installation.ok, "token", "rotate", handle(old), "--grace", "1h")
    assert [await worker.ask(old), await worker.ask(done.out.strip())] == ["allowed", "allowed"]
    clock.advance(hours=2)
    assert [await worker.ask(old), await worker.ask(done.out.strip())] == ["invalid_token", "allowed"]
    clock.advance(hours=-2)
    assert [await worker.ask(old), await worker.ask(done.out.strip())] == ["allowed", "allowed"]


async def test_a_session_counts_only_while_the_clock_is_right_and_then_goes_on(installation):
    async with front(installation) as here:
        await here.user("bob")
        signed = await here.enter("bob")
        for days in (2, -2):
            assert await here.later(days=days).sessions.look_up(signed.secret) is None
        assert await here.sessions.look_up(signed.secret) is not None
