"""From a presented value to evidence: what is remembered, what is read again, and what never reaches argon2."""

import asyncio
import os
from dataclasses import replace

import pytest

from gateway.auth import matching as module
from gateway.auth.hashing import ARGON2ID
from gateway.auth.keyring import add_key
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.reason import Reason
from gateway.core.token import Kind, compose, new_id, new_secret
from tests.builders import NOW, a_presented, an_owner

BOUND = 0.1


@pytest.fixture
def verifications(monkeypatch):
    """Counts how often argon2 is asked."""
    calls = []
    real = module.verify_token_secret
    monkeypatch.setattr(module, "verify_token_secret", lambda *args: (calls.append(args), real(*args))[1])
    return calls


async def test_a_known_token_is_proven_with_its_owner(house):
    token, presented = house.keep()
    evidence = await house.ask(presented, b"alice")
    assert isinstance(evidence, Proven)
    assert (evidence.token, evidence.owner.login, evidence.basic_user) == (token, "alice", b"alice")


async def test_a_second_check_costs_neither_store_nor_argon2(house, verifications):
    _, presented = house.keep()
    await house.ask(presented)
    assert isinstance(await house.ask(presented), Proven)
    assert (house.store.loads, len(verifications), house.authenticator.hits) == (1, 1, 1)


async def test_the_basic_user_is_of_this_check_and_not_of_the_remembered_one(house):
    _, presented = house.keep()
    await house.ask(presented, b"alice")
    assert (await house.ask(presented, b"bob")).basic_user == b"bob"
    assert (await house.ask(presented)).basic_user is None


async def test_a_malformed_value_reaches_neither_store_nor_argon2(house, verifications):  # T08
    assert await house.ask(b"tgp_garbage") == Rejected(reason=Reason.MALFORMED_TOKEN)
    assert (house.store.loads, verifications) == (0, [])


async def test_an_unknown_id_is_read_once_and_never_hashed(house, verifications):  # T09
    presented = compose("tg", Kind.PERSONAL, new_id(os.urandom(64)), new_secret(os.urandom(64))).reveal().encode()
    first, second = await house.ask(presented), await house.ask(presented)
    assert first == second
    assert first.reason is Reason.UNKNOWN_TOKEN
    assert (house.store.loads, verifications) == (1, [])


async def test_a_wrong_secret_for_a_known_id_never_reaches_argon2(house, verifications):
    token, _ = house.keep()
    wrong, _ = a_presented(token)
    for _ in range(3):
        assert (await house.ask(wrong)).reason is Reason.WRONG_SECRET
    assert (house.store.loads, verifications) == (1, [])


async def test_the_letter_of_another_kind_is_an_unknown_token(house):
    token, _ = house.keep()
    other, _ = a_presented(replace(token, kind=Kind.APPLICATION))
    assert (await house.ask(other)).reason is Reason.UNKNOWN_TOKEN


async def test_a_token_created_after_it_was_refused_is_accepted_at_once(house):  # T27
    token, presented = house.keep()
    record = house.store.records.pop(token.id)
    assert (await house.ask(presented)).reason is Reason.UNKNOWN_TOKEN
    house.store.records[token.id] = record
    house.feed.append("token", token.id)
    house.clock.advance(BOUND)
    assert isinstance(await house.ask(presented), Proven)


async def test_a_change_is_seen_by_the_first_check_after_the_bound_without_a_new_hash(house, verifications):  # T25
    token, presented = house.keep()
    await house.ask(presented)
    house.change(token, revoked_at=NOW)
    house.clock.advance(BOUND)
    assert (await house.ask(presented)).token.revoked_at == NOW
    assert len(verifications) == 1


async def test_an_owners_change_is_seen_for_every_token_of_that_owner(house):  # T26
    owner = an_owner()
    kept = [house.keep(owner) for _ in range(3)]
    for _, presented in kept:
        await house.ask(presented)
    for token, _ in kept:
        record = house.store.records[token.id]
        house.store.records[token.id] = replace(record, owner=replace(owner, enabled=False))
    house.feed.append("owner", owner.id)
    house.clock.advance(BOUND)
    for _, presented in kept:
        assert not (await house.ask(presented)).owner.enabled


async def test_a_secret_that_is_gone_is_not_proven_by_the_memory_of_it(house):  # R20
    token, presented = house.keep()
    await house.ask(presented)
    record = house.store.records[token.id]
    house.store.records[token.id] = replace(record, secrets=())
    house.feed.append("token", token.id)
    house.clock.advance(BOUND)
    assert (await house.ask(presented)).reason is Reason.WRONG_SECRET


async def test_state_that_the_feed_named_during_the_read_is_read_again(house):
    token, presented = house.keep()
    house.store.gate = asyncio.Event()
    asking = asyncio.create_task(house.ask(presented))
    await asyncio.sleep(0.01)
    house.change(token, revoked_at=NOW)
    house.clock.advance(BOUND)
    house.store.gate.set()
    assert (await asking).token.revoked_at == NOW
    assert house.store.loads == 2


async def test_state_that_the_feed_named_during_the_hash_is_read_again(house, monkeypatch):
    token, presented = house.keep()
    real = module.verify_token_secret

    def slow(*args):
        if not house.feed.rows:
            house.change(token, revoked_at=NOW)
            house.clock.advance(BOUND)
        return real(*args)

    monkeypatch.setattr(module, "verify_token_secret", slow)
    assert (await house.ask(presented)).token.revoked_at == NOW


async def test_a_token_that_never_stops_changing_is_unavailable_and_never_allowed(house, monkeypatch):
    token, presented = house.keep()
    load_token = house.store.load_token

    async def restless(token_id):
        record = await load_token(token_id)
        house.feed.append("token", token.id)
        house.clock.advance(BOUND)
        return record

    monkeypatch.setattr(house.store, "load_token", restless)
    evidence = await house.ask(presented)
    assert isinstance(evidence, NotChecked)
    assert evidence.reason is Reason.UNAVAILABLE


async def test_a_store_that_is_away_makes_the_check_unavailable(house):  # D19
    _, presented = house.keep()
    house.store.is_away = True
    assert (await house.ask(presented)).reason is Reason.UNAVAILABLE


async def test_a_store_that_does_not_answer_is_given_up_within_the_deadline(house):  # D19
    _, presented = house.keep()
    house.store.gate = asyncio.Event()
    assert (await asyncio.wait_for(house.ask(presented), 1.0)).reason is Reason.UNAVAILABLE


async def test_a_remembered_token_is_not_believed_when_the_feed_is_away_beyond_the_bound(house):
    _, presented = house.keep()
    await house.ask(presented)
    house.feed.is_away = True
    house.clock.advance(BOUND / 2)
    assert isinstance(await house.ask(presented), Proven)
    house.clock.advance(BOUND)
    assert (await house.ask(presented)).reason is Reason.UNAVAILABLE


async def test_many_checks_of_one_cold_token_share_one_argon2(house, verifications):
    _, presented = house.keep()
    found = await asyncio.gather(*(house.ask(presented) for _ in range(50)))
    assert all(isinstance(evidence, Proven) for evidence in found)
    assert len(verifications) == 1


async def test_a_full_pool_is_unavailable_and_not_wrong(house):
    tokens = [house.keep()[1] for _ in range(12)]
    found = await asyncio.gather(*(house.ask(presented) for presented in tokens))
    kinds = [type(evidence) for evidence in found]
    assert kinds.count(Proven) == 5
    assert {evidence.reason for evidence in found if not isinstance(evidence, Proven)} == {Reason.UNAVAILABLE}


async def test_a_check_that_goes_away_leaves_the_others_their_argon2(house):
    _, presented = house.keep()
    leaving = asyncio.create_task(house.ask(presented))
    staying = asyncio.create_task(house.ask(presented))
    await asyncio.sleep(0.001)
    leaving.cancel()
    assert isinstance(await staying, Proven)


async def test_a_tag_of_another_key_costs_one_argon2_and_then_becomes_a_tag_of_ours(house, tmp_path, verifications):
    foreign = add_key(tmp_path / "foreign")  # R37
    _, presented = house.keep(key=foreign)
    assert isinstance(await house.ask(presented), Proven)
    await house.authenticator.close()
    (call,) = house.store.retagged
    assert call[1] == foreign.id
    assert call[3] == house.keyring.current.id
    assert len(verifications) == 1


async def test_a_broken_hash_in_the_store_refuses_and_is_reported_without_the_secret(house):
    token, presented = house.keep()
    record = house.store.records[token.id]
    house.store.records[token.id] = replace(record, secrets=(replace(record.secrets[0], hash="$argon2id$broken"),))
    assert (await house.ask(presented)).reason is Reason.WRONG_SECRET
    assert token.id in house.faults[0]
    assert presented.decode()[16:48] not in house.faults[0]


async def test_an_unknown_hashing_scheme_refuses(house):
    token, presented = house.keep()
    record = house.store.records[token.id]
    house.store.records[token.id] = replace(record, secrets=(replace(record.secrets[0], scheme="rot13"),))
    assert (await house.ask(presented)).reason is Reason.WRONG_SECRET
    assert ARGON2ID not in house.faults[0]


async def test_a_wrong_secret_without_a_tag_of_ours_before_it_costs_one_argon2_and_then_none(
    house, tmp_path, verifications
):
    token, _ = house.keep(key=add_key(tmp_path / "foreign"))
    wrong, _ = a_presented(token)
    for _ in range(3):
        assert (await house.ask(wrong)).reason is Reason.WRONG_SECRET
    assert len(verifications) == 1


async def test_guesses_at_one_token_leave_the_pool_to_the_others(house, tmp_path):
    token, _ = house.keep(key=add_key(tmp_path / "foreign"))
    _, good = house.keep()
    guesses = [house.ask(a_presented(token)[0]) for _ in range(20)]
    found = await asyncio.gather(*guesses, house.ask(good))
    assert isinstance(found[-1], Proven)
    assert {evidence.reason for evidence in found[:-1]} == {Reason.WRONG_SECRET, Reason.UNAVAILABLE}


async def test_many_checks_of_a_token_under_another_key_write_one_new_tag(house, tmp_path):
    _, presented = house.keep(key=add_key(tmp_path / "foreign"))
    await asyncio.gather(*(house.ask(presented) for _ in range(30)))
    await house.authenticator.close()
    assert len(house.store.retagged) == 1
