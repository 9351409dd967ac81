"""First uses of RT's tokens while somebody guesses: the one thread for bcrypt is shared between networks."""

import asyncio
import time
from ipaddress import ip_address
from unittest.mock import AsyncMock

import pytest

from gateway.auth.evidence_of import RtAsked
from gateway.auth.hashing import HashPool
from gateway.auth.rt import bcrypt_hash
from gateway.auth.rt.failures import PER_NETWORK, Failures
from gateway.auth.rt.tokens import HASH_DEADLINE_S, RtTokens
from gateway.core.evidence import NotChecked, Rejected
from gateway.core.reason import Reason
from gateway.core.rt_token import parse_rt_token
from gateway.store import RtTokenRow
from tests.fakes import Clock
from tests.request_tracker import a_token

GUESSER, HOLDER = "198.51.100.1", "192.0.2.7"
ONE_HASH_S = HASH_DEADLINE_S / 5
HELD = a_token()
ROW = RtTokenRow(row=1, user_id=42, token_id="t1", hash=HELD.line.split(",")[4], digest=None, key_id=None)


class OneToken:
    """A store with one token of RT, of user 42, whose first use here is to come."""

    rt_token = AsyncMock(return_value=None)
    heaviest_rt_user = AsyncMock(return_value=1 << 4)
    keep_rt_digest = AsyncMock(return_value=True)

    async def open_rt_tokens(self, user_id, _key_ids):
        """The one, of its user."""
        return (ROW,) if user_id == ROW.user_id else ()


class OneKey:
    """A key, as far as it is asked here."""

    id = "k1"

    def rt_digest(self, presented):
        """Any digest will do."""
        return presented[-32:]


class Ring:
    """A key ring of one."""

    current = OneKey()
    keys = (current,)


@pytest.fixture
async def tokens(monkeypatch):
    """One slow thread and eight that wait, as a gateway has."""
    hash_one = bcrypt_hash._bcrypt
    monkeypatch.setattr(bcrypt_hash, "_bcrypt", lambda *words: time.sleep(ONE_HASH_S) or hash_one(*words))
    pool = HashPool(threads=1, queue=8, name="test-rt")
    made = RtTokens(
        store=OneToken(), keyring=Ring(), pool=pool, failures=Failures(Clock()), clock=Clock(), fault=pytest.fail
    )
    yield made
    await made.close()
    pool.close()


def find(tokens, presented, address):
    """One check's question."""
    value = presented.encode()
    return tokens.find(value, RtAsked(token=parse_rt_token(value), address=ip_address(address)))


def guesses(tokens, address):
    """Wrong tokens of ten users who are not there, all at once."""
    return asyncio.gather(*(find(tokens, f"1-{4711 + at}-{at:032x}", address) for at in range(PER_NETWORK.burst)))


async def test_guesses_from_one_network_leave_the_right_token_of_another_proven(tokens):
    guessed = guesses(tokens, GUESSER)
    await asyncio.sleep(0.05)
    assert await find(tokens, HELD.presented, HOLDER) == ROW
    found = await guessed
    assert [type(one) for one in found].count(Rejected) == 1
    assert {one.reason for one in found if isinstance(one, NotChecked)} == {Reason.UNAVAILABLE}
    assert tokens.hashed == 2


async def test_what_waits_for_a_guess_of_its_own_network_passes_after_it(tokens):
    guess = asyncio.create_task(find(tokens, f"1-42-{0:032x}", HOLDER))
    await asyncio.sleep(0.05)
    assert (await find(tokens, HELD.presented, HOLDER)).reason is Reason.UNAVAILABLE
    assert isinstance(await guess, Rejected)
    assert await find(tokens, HELD.presented, HOLDER) == ROW


async def test_a_network_stays_busy_while_its_hash_goes_on_though_nobody_waits_for_it(tokens):
    check = asyncio.create_task(find(tokens, f"1-42-{0:032x}", GUESSER))
    await asyncio.sleep(0.05)
    check.cancel()
    assert (await find(tokens, f"1-42-{1:032x}", GUESSER)).reason is Reason.UNAVAILABLE
    assert tokens.hashed == 0
