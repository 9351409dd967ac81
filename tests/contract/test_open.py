"""Making and opening a store."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store import (
    DatabaseMissing,
    DatabaseNewer,
    DatabaseRefused,
    InstallationMismatch,
    StoreError,
    create,
)
from tests.builders import NOW, an_owner
from tests.contract.backend import KEY, add_alice


async def test_a_new_store_knows_its_installation(backend):
    store = await backend.open(brand="tg")
    assert store.meta.brand == "tg"
    assert store.meta.bound_s == 0.1
    assert store.meta.serve_cached_for_s == 0
    assert store.meta.keys == {KEY.id: KEY.check}
    assert len(store.meta.epoch) == 16


async def test_bound_and_cached_serving_are_fixed_when_the_store_is_made(backend, tmp_path):
    backend.path.unlink()
    await create(
        backend.url,
        brand="zz",
        keys=[],
        now=lambda: NOW,
        bound=timedelta(seconds=1),
        serve_cached_for=timedelta(minutes=2),
    )
    store = await backend.open(keys=[])
    assert (store.meta.brand, store.meta.bound_s, store.meta.serve_cached_for_s) == ("zz", 1.0, 120.0)
    assert store.meta.keys == {}


async def test_two_stores_never_share_an_epoch(backend, templates):
    one = await backend.open()
    other = templates["sqlite"].with_name("other")
    await create(f"sqlite:///{other}", brand="tg", keys=[KEY], now=lambda: NOW)
    backend.url = f"sqlite:///{other}"
    assert (await backend.open()).meta.epoch != one.meta.epoch
    other.unlink()


async def test_creating_over_an_existing_store_changes_nothing(backend):
    before = backend.path.read_bytes()
    with pytest.raises(DatabaseRefused, match="is there already"):
        await create(backend.url, brand="tg", keys=[KEY], now=lambda: NOW)
    assert backend.path.read_bytes() == before
    assert [file.name for file in backend.folder.iterdir()] == ["gateway.db"]


async def test_a_missing_store_says_how_to_make_one_and_makes_none(backend):
    backend.path.unlink()
    with pytest.raises(DatabaseMissing, match="token-gateway init"):
        await backend.open()
    assert list(backend.folder.iterdir()) == []


async def test_opening_again_and_again_duplicates_nothing(backend):
    """PARITY R32."""
    first = await backend.open()
    await add_alice(first)
    await first.close()
    before = backend.sql("SELECT (SELECT count(*) FROM keys), feed_seq, audit_seq, epoch FROM meta")
    for _ in range(3):
        await (await backend.open()).close()
    assert backend.sql("SELECT (SELECT count(*) FROM keys), feed_seq, audit_seq, epoch FROM meta") == before
    assert not list(backend.folder.glob("*before*"))


async def test_a_newer_schema_is_refused_and_left_as_it_is(backend):
    backend.sql("UPDATE alembic_version SET version_num = '9999'")
    before = {file.name: file.read_bytes() for file in backend.folder.iterdir()}
    with pytest.raises(DatabaseNewer, match="upgrade this program"):
        await backend.open()
    assert {file.name: file.read_bytes() for file in backend.folder.iterdir()} == before


async def test_another_brand_than_the_configured_one_is_refused(backend):
    with pytest.raises(InstallationMismatch, match=r"tokens\.brand: ab: .* tg"):
        await backend.open(brand="ab")


async def test_another_key_under_a_registered_id_is_refused(backend):
    with pytest.raises(InstallationMismatch, match=f"key {KEY.id}"):
        await backend.open(keys=[replace(KEY, check="other")])


async def test_a_key_that_is_not_registered_opens_and_can_be_registered_once(backend):
    fresh = replace(KEY, id="k00000002", check="5ca1ab1e")
    store = await backend.open(keys=[fresh])
    for expected in (True, False):
        async with store.change(actor="cli:root") as change:
            assert await change.register_key(fresh) is expected
    assert (await store.load_meta()).keys == {KEY.id: KEY.check, fresh.id: fresh.check}


async def test_without_a_key_the_store_can_be_read_but_not_changed(backend):
    store = await backend.open(keys=[])
    assert await store.users() == ()
    with pytest.raises(StoreError, match="key file"):
        async with store.change(actor="test"):
            pytest.fail("the change began")


async def test_a_closed_store_says_so_and_closing_twice_is_nothing(backend):
    store = await backend.open()
    await add_alice(store)
    await asyncio.gather(store.close(), store.close())
    with pytest.raises(StoreError, match="closed"):
        await store.load_token("00000000000")
    with pytest.raises(StoreError, match="closed"):
        async with store.change(actor="test") as change:
            await change.add_owner(an_owner("bob"))


@pytest.mark.parametrize("url", ["postgresql://x/y", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?b"])
async def test_an_address_that_is_no_file_is_refused_by_its_key_in_the_configuration(backend, url):
    backend.url = url
    with pytest.raises(StoreError, match=r"store\.url"):
        await backend.open()
