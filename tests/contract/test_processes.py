"""Several processes on one store: turns, crashes, and what a follower sees of them."""

import asyncio
import time

import pytest

from gateway.store import Limits, StoreUnavailable
from tests.contract.backend import add_alice


async def ended(process, expected=0):
    """Wait for a process; returns what it printed."""
    out, err = await asyncio.to_thread(process.communicate, None, 30)
    assert process.returncode == expected, err
    return out


async def told(process):
    """The next line of a process."""
    return (await asyncio.to_thread(process.stdout.readline)).strip()


async def test_changes_of_many_processes_leave_no_gap_and_one_chain(backend, store):
    await add_alice(store)
    feed = store.follow()
    program = """
async def main():
    store = await opened()
    for number in range(15):
        async with store.change(actor="test") as change:
            entry = await change.owner(id="id-of-alice")
            await change.edit_owner("id-of-alice", name=str(int(entry.owner.name or 0) + 1))
    await store.close()
asyncio.run(main())
"""
    processes = [backend.process(program) for _ in range(3)]
    seen = []
    while any(process.poll() is None for process in processes) or not seen:
        changes = feed.poll()
        if changes is not None:
            assert changes.complete
            seen += [row.seq for row in changes.rows]
        await asyncio.sleep(0.002)
    for process in processes:
        await ended(process)
    last = feed.poll()
    seen += [row.seq for row in last.rows] if last else []
    feed.close()
    assert (await store.owner(id="id-of-alice")).owner.name == "45"
    assert seen == list(range(3, 48))
    assert (await store.verify_audit()).fault == ""
    assert backend.sql("PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("moment", ["in the change", "after it"])
async def test_a_crash_leaves_the_old_state_or_the_new_and_no_lock(backend, store, moment):
    await add_alice(store)
    program = f"""
async def main():
    store = await opened()
    async with store.change(actor="test") as change:
        await change.set_owner_enabled("id-of-alice", False)
        if {moment == "in the change"}:
            os._exit(7)
    os._exit(7)
asyncio.run(main())
"""
    counters = backend.sql("SELECT feed_seq, audit_seq FROM meta")
    await ended(backend.process(program), 7)
    is_stored = moment == "after it"
    assert (await store.owner(id="id-of-alice")).owner.enabled is not is_stored
    assert (backend.sql("SELECT feed_seq, audit_seq FROM meta") != counters) is is_stored
    begun = time.monotonic()
    async with store.change(actor="test") as change:
        await change.edit_owner("id-of-alice", name="Alice")
    assert time.monotonic() - begun < 1
    assert (await store.verify_audit()).fault == ""


async def test_while_another_process_writes_a_change_waits_off_the_loop_and_reads_go_on(backend):
    store = await backend.open(limits=Limits(lock_s=0.5, busy_s=0.1))
    (token_id,) = await add_alice(store)
    program = """
async def main():
    store = await opened()
    async with store.change(actor="test") as change:
        await change.set_owner_enabled("id-of-alice", False)
        print("holding", flush=True)
        sys.stdin.readline()
    await store.close()
asyncio.run(main())
"""
    process = backend.process(program)
    assert await told(process) == "holding"
    ticks, begun = 0, time.monotonic()
    waiting = asyncio.create_task(add_alice(store))
    while not waiting.done():
        assert (await store.load_token(token_id)).owner.enabled
        ticks += 1
        await asyncio.sleep(0.005)
    with pytest.raises(StoreUnavailable, match="another process has been writing"):
        await waiting
    assert 0.4 < time.monotonic() - begun < 2
    assert ticks > 10
    process.stdin.write("go on\n")
    process.stdin.flush()
    await ended(process)
    assert not (await store.load_token(token_id)).owner.enabled
    async with store.change(actor="test") as change:
        assert await change.set_owner_enabled("id-of-alice", True)


async def test_a_killed_writer_gives_the_lock_back(backend, store):
    await add_alice(store)
    program = """
async def main():
    store = await opened()
    async with store.change(actor="test") as change:
        await change.set_owner_enabled("id-of-alice", False)
        print("holding", flush=True)
        time.sleep(60)
asyncio.run(main())
"""
    process = backend.process(program)
    assert await told(process) == "holding"
    process.kill()
    await ended(process, -9)
    async with store.change(actor="test") as change:
        assert await change.set_owner_enabled("id-of-alice", False)
