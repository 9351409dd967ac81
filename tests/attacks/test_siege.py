"""D10-D19: work that is made to cost, memory that is made to fill, and holders that shall be kept out by it."""

import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher, Type

from gateway.auth.hashing import HashPool, PoolFullError, hash_token_secret, verify_token_secret
from gateway.auth.limits import RateLimits
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.limits import Rate
from gateway.core.password import password_flaw, too_long
from gateway.core.token import Secret
from tests.attacks.corpus import attack
from tests.attacks.gate import bearer
from tests.builders import a_presented, a_token


@attack("D10")
async def test_a_flood_of_wrong_secrets_for_real_tokens_leaves_the_pool_to_others(house):
    """No tag of ours is right, so no argon2: guesses are over in microseconds and hold no place."""
    kept = [house.keep()[0] for _ in range(20)]
    guesses = [a_presented(kept[number % 20])[0] for number in range(500)]
    answered = await asyncio.gather(*(house.ask(guess) for guess in guesses))
    assert all(isinstance(one, Rejected) for one in answered)
    assert house.pool.held == 0
    assert isinstance(await house.ask(house.keep()[1]), Proven)


@attack("D10")
async def test_a_full_pool_refuses_at_once_and_a_cancelled_request_gives_its_place_back_with_the_work(house):
    pool = HashPool(threads=1, queue=1, name="siege")
    release = asyncio.Event()
    loop, ran = asyncio.get_running_loop(), []

    def work():
        ran.append(1)
        return asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

    first, second = (asyncio.create_task(pool.run(work)) for _ in range(2))
    await asyncio.sleep(0.02)
    first.cancel()
    await asyncio.sleep(0)
    with pytest.raises(PoolFullError):
        await pool.run(work)
    assert pool.held == 2, "the thread still works for the one that went away"
    release.set()
    assert await second
    for _ in range(100):
        if not pool.held:
            break
        await asyncio.sleep(0.01)
    assert pool.held == 0
    pool.close()


@attack("D10")
async def test_one_token_asked_for_a_hundred_times_at_once_is_hashed_once(house):
    _, presented = house.keep()
    runs = []
    run = house.pool.run
    house.pool.run = lambda *work, **more: (runs.append(1), run(*work, **more))[1]
    answered = await asyncio.gather(*(house.ask(presented) for _ in range(100)))
    assert all(isinstance(one, Proven) for one in answered)
    assert len(runs) == 1


@attack("D11")
def test_a_password_of_a_megabyte_is_refused_by_its_length():
    assert too_long("x" * 1_000_000)
    assert password_flaw("x" * 1_000_000, context=()) is not None


@attack("D12")
@pytest.mark.parametrize("costs", ["m=4194304,t=1,p=1", "m=8192,t=1000,p=1", "m=8192,t=1,p=255", "m=65536,t=16,p=9"])
def test_a_planted_hash_that_costs_too_much_is_not_tried(costs):
    secret = Secret("x" * 32)
    version, _, rest = hash_token_secret(secret).split("$", 2)[2].partition("$")
    planted = f"$argon2id${version}${costs}${rest.partition('$')[2]}"
    verdict = verify_token_secret("argon2id", planted, secret)
    assert not verdict.matches
    assert verdict.fault


@attack("D12")
@pytest.mark.parametrize(
    "stored", ["", "$argon2id$", "$2b$12$x", "$argon2id$v=19$m=-1,t=1,p=1$c2FsdA$aGFzaA", "\x00" * 99]
)
def test_a_broken_hash_never_matches_and_raises_nothing(stored):
    for scheme in ("argon2id", "argon2i", "plain", ""):
        assert not verify_token_secret(scheme, stored, Secret("x" * 32)).matches


@attack("D12")
def test_a_hash_of_another_kind_of_argon2_is_not_taken_for_ours():
    hashed = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1, type=Type.D).hash("x" * 32)
    assert verify_token_secret("argon2d", hashed, Secret("x" * 32)).matches is False


@attack("D14")
async def test_endless_wrong_tokens_fill_no_memory(house):
    caches = house.authenticator.caches()
    assert all(cache.capacity <= 100_000 for cache in caches.values())
    for cache in caches.values():
        cache.capacity = 50
    for _ in range(300):
        await house.ask(a_presented(a_token())[0])
    assert {name: len(cache) for name, cache in caches.items() if len(cache)} == {"unknown": 50}


LIMITED = RateLimits(failures=Rate(burst=5, period_s=60.0), tracked=50)


@attack("D14")
async def test_endless_addresses_fill_no_memory_and_a_v6_network_is_one_address(gate):
    gate.service.settings = replace(gate.service.settings, limits=LIMITED)
    statuses = []
    for number in range(40):
        client = f"2001:db8:0:1:{number:x}::{number:x}".encode()
        statuses.append((await gate.check(b"/api/x", bearer(a_presented(a_token())[0]), client=client)).status)
    assert statuses.count(429) >= 30, "another address of the same /64 is the same network"
    for number in range(200):
        client = f"198.51.100.{number}".encode()
        assert (await gate.check(b"/api/x", bearer(a_presented(a_token())[0]), client=client)).status == 401
    assert len(gate.service.limits.failures.filled) <= 50


@attack("D16")
async def test_forgetting_every_state_at_once_costs_reads_and_not_one_hash(house):
    """After a gap in the feed or a restored backup: what argon2 said of a secret stays true."""
    presented = [house.keep()[1] for _ in range(30)]
    for one in presented:
        await house.ask(one)
    hashed = []
    run = house.pool.run
    house.pool.run = lambda *work, **more: (hashed.append(1), run(*work, **more))[1]
    house.feed.complete = False
    house.clock.advance(0.2)
    answered = await asyncio.gather(*(house.ask(one) for one in presented))
    assert all(isinstance(one, Proven) for one in answered)
    assert hashed == []


@attack("D17")
async def test_wrong_guesses_do_not_keep_the_holder_out(gate):
    gate.service.settings = replace(gate.service.settings, limits=LIMITED)
    token = gate.token()
    known = next(iter(gate.house.store.records.values())).token
    answered = [(await gate.check(b"/api/x", bearer(a_presented(known)[0]))).status for _ in range(100)]
    assert answered[-1] == 429
    assert (await gate.check(b"/api/x", bearer(token))).status == 200, "from the very network of the attacker"


@attack("D19")
async def test_a_store_that_is_away_is_a_refusal_that_says_try_again(gate):
    gate.house.store.is_away = True
    for dialect, status in (("traefik", 503), ("caddy", 503), ("nginx", 403)):
        answered = await gate.check(b"/api/x", bearer(gate.token()), dialect=dialect)
        assert (answered.status, answered.reason) == (status, "unavailable")
        assert answered.all("retry-after")
        assert answered.all("x-auth-user") == []
    assert (await gate.check(b"/public/x")).status == 200


@attack("D19")
async def test_a_store_that_hangs_is_a_refusal_within_the_deadline(house):
    _, presented = house.keep()
    house.store.gate = asyncio.Event()
    house.authenticator._store_deadline_s = 0.1
    began = asyncio.get_running_loop().time()
    answered = await house.ask(presented)
    assert isinstance(answered, NotChecked)
    assert asyncio.get_running_loop().time() - began < 1
    house.store.gate.set()
