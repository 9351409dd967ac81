"""A change: all or nothing, with its feed rows and audit rows."""

import asyncio
import traceback

import pytest

from gateway.core.token import Secret
from gateway.store import NameTaken, StoreError, Subject
from tests.builders import a_stored_secret, a_token, an_owner
from tests.contract.backend import add_alice


def left_behind(backend):
    """Everything that a change may leave."""
    counters = backend.sql("SELECT feed_seq, audit_seq, audit_mac FROM meta")
    rows = backend.sql(
        "SELECT (SELECT count(*) FROM owners), (SELECT count(*) FROM owner_groups), (SELECT count(*) FROM tokens),"
        " (SELECT count(*) FROM secrets), (SELECT count(*) FROM change_feed), (SELECT count(*) FROM audit)"
    )
    return counters, rows


async def test_every_change_leaves_a_feed_row_per_subject_and_an_audit_row_per_act(backend, store):
    owner = an_owner("alice")
    token = a_token(owner)
    async with store.change(actor="cli:root", address="10.0.0.1") as change:
        await change.add_owner(owner)
        await change.add_token(token, a_stored_secret(token))
        await change.suspend(token.id)
        await change.resume(token.id)
    assert backend.sql("SELECT seq, subject, id FROM change_feed ORDER BY seq") == [
        (1, "owner", owner.id),
        (2, "token", token.id),
    ]
    acts = backend.sql("SELECT seq, actor, address, action, subject_kind, subject_label FROM audit ORDER BY seq")
    assert acts == [
        (1, "cli:root", "10.0.0.1", "user_created", "user", "alice"),
        (2, "cli:root", "10.0.0.1", "token_created", "token", token.name),
        (3, "cli:root", "10.0.0.1", "token_suspended", "token", token.name),
        (4, "cli:root", "10.0.0.1", "token_resumed", "token", token.name),
    ]


async def test_what_raises_leaves_nothing_behind(backend, store):
    await add_alice(store)
    before = left_behind(backend)

    async def failing():
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("bob"))
            change.audit("noticed", Subject(kind="user", id="x"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert left_behind(backend) == before
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("bob"))


async def test_what_is_cancelled_leaves_nothing_behind_and_gives_the_turn_back(backend, store):
    before = left_behind(backend)
    begun = asyncio.Event()

    async def hesitating():
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("bob"))
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hesitating())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_behind(backend) == before
    await add_alice(store)


@pytest.mark.parametrize("after", range(0, 30, 3))
async def test_cancelled_at_any_moment_a_change_is_whole_or_not_there(backend, store, after):
    before = left_behind(backend)
    task = asyncio.create_task(add_alice(store))
    for _ in range(after):
        await asyncio.sleep(0.0005)
    task.cancel()
    outcome = await asyncio.gather(task, return_exceptions=True)
    await store.load_meta()
    async with store.change(actor="test") as change:
        assert change.at  # the turn came back
    now = left_behind(backend)
    assert now == before or now[1] == [(1, 2, 1, 1, 2, 2)]
    assert now != before or isinstance(outcome[0], asyncio.CancelledError)


async def test_a_change_that_goes_on_after_an_error_is_refused_as_a_whole(backend, store):
    token_ids = await add_alice(store)
    before = left_behind(backend)

    async def going_on():
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("bob"))
            token = a_token(an_owner("bob"), id=token_ids[0])
            with pytest.raises(NameTaken):
                await change.add_token(token, a_stored_secret(token))
            with pytest.raises(StoreError, match="after an error"):
                await change.add_owner(an_owner("carol"))

    with pytest.raises(StoreError, match="after an error"):
        await going_on()
    assert left_behind(backend) == before


async def test_a_change_that_changed_nothing_leaves_nothing(backend, store):
    (token_id,) = await add_alice(store)
    before = left_behind(backend)
    async with store.change(actor="test") as change:
        assert not await change.resume(token_id)
        assert not await change.set_owner_enabled("id-of-alice", True)
    async with store.change(actor="test"):
        pass
    assert left_behind(backend) == before


async def test_a_change_is_over_when_its_block_is(store):
    async with store.change(actor="test") as change:
        await change.add_owner(an_owner("alice"))
    with pytest.raises(StoreError, match="after its end"):
        await change.add_owner(an_owner("bob"))


async def test_changes_of_many_tasks_and_stores_come_one_after_the_other(backend, store):
    """Check and change in one block are one step: of many who want one name, one gets it."""
    stores = [store, await backend.open()]

    async def claim(number):
        async with stores[number % 2].change(actor=f"test-{number}") as change:
            if await change.owner(login="wanted") is not None:
                return False
            await asyncio.sleep(0.001)
            await change.add_owner(an_owner("wanted", id=f"id-{number}"))
            return True

    assert sorted(await asyncio.gather(*map(claim, range(8)))) == [False] * 7 + [True]
    assert left_behind(backend)[1][0][0] == 1


async def test_no_secret_can_be_written_into_the_audit(backend, store):
    with pytest.raises(TypeError):
        async with store.change(actor="test") as change:
            change.audit("leaked", Subject(kind="token", id="x"), {"secret": Secret("s3cret")})
    await add_alice(store)
    secret = a_stored_secret(a_token(), hash="$argon2id$hash", tag=b"TAGG")
    async with store.change(actor="test") as change:
        (token,) = [entry.token for entry in await store.tokens()]
        await change.rotate(token.id, secret, old_ends_at=change.at)
    written = repr(backend.sql("SELECT * FROM audit"))
    assert "argon2" not in written
    assert "TAGG" not in written


async def test_a_name_that_would_break_the_list_of_names_is_refused(backend, store):
    async def adding(owner, token):
        async with store.change(actor="test") as change:
            await change.add_owner(owner)
            await change.add_token(token, a_stored_secret(token))

    bob = an_owner("bob")
    with pytest.raises(ValueError, match="line break"):
        await adding(an_owner("bob", groups=("a\nadmins",)), a_token(bob))
    with pytest.raises(ValueError, match="space"):
        await adding(bob, a_token(bob, scopes=frozenset({"rest export"})))
    with pytest.raises(ValueError, match="surrogates"):
        await adding(an_owner("bob", name="\udcff"), a_token(bob))
    assert await store.users() == ()


async def test_no_value_of_a_row_is_in_a_traceback(store):
    """Drivers put a statement's values into their errors: hashes, addresses, names."""
    (token_id,) = await add_alice(store)
    token = a_token(an_owner("alice"), id=token_id, name="private-name")
    with pytest.raises(NameTaken) as caught:
        async with store.change(actor="test") as change:
            await change.add_token(token, a_stored_secret(token))
    assert "private-name" not in "".join(traceback.format_exception(caught.value))
