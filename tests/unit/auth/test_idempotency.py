"""A request that is sent again makes nothing twice, and its answer is a secret that works."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.auth.idempotency import MAX_KEY, Made, Repeats, attempt, once
from gateway.auth.power import operator
from gateway.auth.refused import Refused
from gateway.core.power import Actor, How
from gateway.store import Use
from tests.builders import NOW, a_stored_secret, a_token, an_owner

ALICE = an_owner("alice")
CLI = operator("cli:test")


class Shop:
    """An operation that makes tokens, as the real ones do."""

    def __init__(self, desk) -> None:
        self.desk = desk
        self.made = 0

    async def make(self, key="k", request=b"r", actor=CLI, begun_at=None, fail=False):
        asked = attempt(actor=actor, operation="make", key=key, request=request, now=self.desk.now())
        if begun_at is not None:
            asked = replace(asked, begun_at=begun_at)
        async with self.desk.store.change(actor=actor.name) as change:
            owner = (await change.owner(login="alice")).owner
            token = a_token(owner, name=f"t{self.made}", created_at=change.at, expires_at=None)

            async def make():
                self.made += 1
                stored = await change.add_token(token, a_stored_secret(token))
                return Made(token_id=token.id, secret_row=stored.row)

            done = await once(change, asked, a_stored_secret(token), make)
            if fail:
                raise RuntimeError("the process dies here")
        return done


@pytest.fixture
async def shop(installed):
    async with installed.desk() as desk:
        yield Shop(desk)


async def refusal(work):
    with pytest.raises(Refused) as caught:
        await work
    return caught.value.code


async def test_the_same_request_makes_one_token_and_each_answer_has_the_secret_that_works(shop):
    first, second, third = [await shop.make() for _ in range(3)]
    assert shop.made == 1
    assert first.token_id == second.token_id == third.token_id
    assert [first.again, second.again, third.again] == [False, True, True]
    record = await shop.desk.store.load_token(first.token_id)
    assert [one.row for one in record.secrets if one.ends_at is None] == [third.secret_row]


async def test_another_key_another_caller_or_no_key_is_another_request(shop):
    session = Actor(name="a", how=How.SESSION, owner=ALICE)
    token = Actor(name="a", how=How.TOKEN, owner=ALICE, token=a_token(ALICE))
    for number, kwargs in enumerate([{}, {"key": "l"}, {"actor": session}, {"actor": token}], 1):
        await shop.make(**kwargs)
        assert shop.made == number
    async with shop.desk.store.change(actor="test") as change:

        async def make():
            return Made(token_id="t", secret_row=7)

        assert await once(change, None, a_stored_secret(a_token()), make) == Made(token_id="t", secret_row=7)


async def test_another_request_under_the_same_key_is_refused(shop):
    await shop.make()
    assert await refusal(shop.make(request=b"s")) == "idempotency_mismatch"
    assert shop.made == 1


async def test_a_secret_that_was_used_is_not_replaced(shop):
    made = await shop.make()
    use = Use(token_id=made.token_id, count=1, last_used_at=NOW, last_address="192.0.2.7")
    await shop.desk.store.record_usage([use])
    assert await refusal(shop.make()) == "idempotency_used"
    record = await shop.desk.store.load_token(made.token_id)
    assert [one.row for one in record.secrets if one.ends_at is None] == [made.secret_row]


async def test_after_a_crash_there_is_the_token_and_its_request_or_neither(shop, installed):
    with pytest.raises(RuntimeError):
        await shop.make(fail=True)
    assert installed.rows("SELECT count(*) FROM tokens") == installed.rows("SELECT count(*) FROM idempotency_keys")
    assert installed.rows("SELECT count(*) FROM tokens") == [(0,)]
    assert not (await shop.make()).again


async def test_what_another_process_has_only_just_made_is_still_in_flight(shop):
    begun = shop.desk.now() - timedelta(seconds=1)
    made = await shop.make()
    assert await refusal(shop.make(begun_at=begun)) == "idempotency_in_flight"
    record = await shop.desk.store.load_token(made.token_id)
    assert [one.row for one in record.secrets if one.ends_at is None] == [made.secret_row]


async def test_of_two_at_once_one_is_told_to_wait_and_a_cancelled_one_leaves_nothing_behind():
    repeats, asked = Repeats(), attempt(actor=operator("a"), operation="make", key="k", request=b"", now=NOW)
    started = asyncio.Event()

    async def work():
        with repeats.at(asked):
            started.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await started.wait()
    with pytest.raises(Refused) as caught, repeats.at(asked):
        pass
    assert caught.value.code == "idempotency_in_flight"
    with repeats.at(None):
        pass
    task.cancel()
    await asyncio.wait([task])
    with repeats.at(asked):
        pass


@pytest.mark.parametrize("key", ["", "x" * (MAX_KEY + 1), "a\nb", "é", "\0"], ids=ascii)
def test_a_key_has_printable_characters_and_not_too_many(key):
    with pytest.raises(Refused) as caught:
        attempt(actor=operator("a"), operation="make", key=key, request=b"", now=NOW)
    assert caught.value.field == "Idempotency-Key"


async def test_no_key_is_kept(shop, installed):
    await shop.make(key="CANARY-OF-A-KEY")
    assert b"CANARY-OF-A-KEY" not in installed.on_disk()
