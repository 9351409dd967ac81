"""What checks refused: counted by minute, written behind, bounded whatever an attacker does."""

import asyncio
from datetime import timedelta

import pytest

from gateway.auth import refusals as module
from gateway.auth.refusals import Refusals
from gateway.core.decision import Challenge, Deny
from gateway.core.reason import Reason
from tests.builders import NOW, a_route, a_target
from tests.fakes import Clock, Store

MINUTE = timedelta(minutes=1)
ROUTE = a_route("/api/**")


class Desk:
    """Refusals over a store in memory, and a clock."""

    def __init__(self):
        self.clock, self.store, self.faults = Clock(), Store(), []
        self.refusals = Refusals(self.store, clock=self.clock.now, fault=self.faults.append)

    def refuse(self, reason, token="00000000001", *, address="10.1.2.3", proven=False, times=1):
        """Refuse checks at this moment."""
        known = reason not in {Reason.MALFORMED_TOKEN, Reason.LIMITED}
        decision = Challenge(reason=reason, route=ROUTE, handle=f"tgp_{token}" if known else "", proven=proven)
        for _ in range(times):
            self.refusals.refused(decision, a_target(address=address), self.clock.now())


@pytest.fixture
def desk():
    return Desk()


async def test_a_minute_is_one_record_per_token_and_reason_with_the_place_of_the_last(desk):
    desk.refuse(Reason.EXPIRED, times=3)
    desk.clock.advance(20)
    desk.refuse(Reason.EXPIRED, address="2001:db8::9")
    desk.refuse(Reason.STALE_SECRET)
    desk.refuse(Reason.EXPIRED, "00000000002")
    await desk.refusals.flush()
    assert desk.store.refusals == [], "the minute is not over"
    desk.clock.advance(40)
    await desk.refusals.flush()
    first, stale, other = desk.store.refusals
    assert (first.token_id, first.reason, first.count) == ("00000000001", "expired", 4)
    assert (first.first_at, first.last_at) == (NOW, NOW + timedelta(seconds=20))
    assert (first.last_address, first.host, first.route) == ("2001:db8::9", "app.example.org", "/api/**")
    assert (stale.reason, other.token_id, desk.store.unknown) == ("stale_secret", "00000000002", [])
    await desk.refusals.flush(whole=True)
    assert len(desk.store.refusals) == 3


async def test_a_token_in_the_place_of_the_host_is_written_down_by_its_handle(desk):
    for number, secret in enumerate((f"tgp_0123456789a_{'x' * 38}", f"1-42-{'0f' * 16}")):
        refusal = Challenge(reason=Reason.EXPIRED, route=ROUTE, handle=f"tgp_0000000000{number}")
        desk.refusals.refused(refusal, a_target(host=f"{secret}.example.org"), desk.clock.now())
    await desk.refusals.flush(whole=True)
    assert [one.host for one in desk.store.refusals] == ["tgp_0123456789a_***.example.org", "1-42-***.example.org"]


async def test_what_is_no_token_of_ours_is_one_record_a_minute_with_the_networks(desk):
    desk.refuse(Reason.UNKNOWN_TOKEN, address="192.0.2.7", times=5)
    desk.refuse(Reason.MALFORMED_TOKEN, address="2001:db8:1:2:aaaa::1")
    desk.refuse(Reason.MALFORMED_TOKEN, address="2001:db8:1:2:bbbb::2")
    desk.clock.advance(60)
    desk.refuse(Reason.LIMITED, address="192.0.2.9")
    await desk.refusals.flush(whole=True)
    first, second = desk.store.unknown
    assert first.networks == (("192.0.2.7", 5), ("2001:db8:1:2::/64", 2))
    assert (first.count, first.reasons) == (7, {"unknown_token": 5, "malformed_token": 2})
    assert (second.count, second.networks) == (1, (("192.0.2.9", 1),))
    assert desk.store.refusals == []


@pytest.mark.parametrize("reason", [Reason.NO_CREDENTIAL, Reason.NO_ROUTE, Reason.UNTRUSTED_PEER, Reason.BAD_FACTS])
async def test_refusals_without_a_token_are_for_the_log_alone(desk, reason):
    desk.refusals.refused(Deny(reason=reason), None, NOW)
    desk.refuse(Reason.UNAVAILABLE)
    await desk.refusals.flush(whole=True)
    assert desk.store.refusals + desk.store.unknown == []


async def test_a_flood_of_handles_makes_a_bounded_number_of_records_and_hides_no_proven_one(desk, monkeypatch):
    monkeypatch.setattr(module, "RECORDS", 10)
    for number in range(500):
        desk.refuse(Reason.WRONG_SECRET, f"{number:011}")
    desk.refuse(Reason.STALE_SECRET, "zzzzzzzzzzz", proven=True)
    desk.refuse(Reason.WRONG_SECRET, "00000000000")
    await desk.refusals.flush(whole=True)
    assert len(desk.store.refusals) == 11
    assert (desk.store.refusals[0].count, desk.store.refusals[-1].reason) == (2, "stale_secret")
    ((unlisted),) = desk.store.unknown
    assert (unlisted.count, unlisted.unlisted) == (0, 490)


async def test_a_flood_of_networks_takes_bounded_memory_and_hides_no_heavy_one(desk):
    for number in range(3000):
        desk.refuse(Reason.UNKNOWN_TOKEN, address=f"10.{number % 251}.{number // 251}.1")
        desk.refuse(Reason.UNKNOWN_TOKEN, address="192.0.2.7", times=number % 8 == 0)
    await desk.refusals.flush(whole=True)
    (summary,) = desk.store.unknown
    assert summary.count == 3375
    assert len(summary.networks) == module.NETWORKS_TOLD
    assert summary.networks[0][0] == "192.0.2.7"


async def test_a_store_that_is_away_loses_nothing_within_bounds(desk, monkeypatch):
    monkeypatch.setattr(module, "MINUTES", 3)
    desk.store.is_away = True
    for _ in range(10):
        desk.refuse(Reason.EXPIRED)
        desk.refuse(Reason.UNKNOWN_TOKEN)
        desk.clock.advance(60)
        await desk.refusals.flush()
    assert len(desk.faults) == 10
    desk.store.is_away = False
    await desk.refusals.flush(whole=True)
    assert sum(record.count for record in desk.store.refusals) == 10
    assert sum(record.count for record in desk.store.unknown) == 10
    assert len(desk.store.unknown) == 4
    assert desk.store.refusals[-1].last_at == NOW + 9 * MINUTE


async def test_records_are_written_in_small_transactions_and_none_twice(desk, monkeypatch):
    monkeypatch.setattr(module, "AT_ONCE", 2)
    real, sizes = desk.store.record_refusals, []

    async def counting(known, unknown):
        desk.store.is_away = len(sizes) == 2
        sizes.append(len(known))
        await real(known, unknown)

    desk.store.record_refusals = counting
    for number in range(5):
        desk.refuse(Reason.EXPIRED, f"{number:011}")
    await desk.refusals.flush(whole=True)
    await desk.refusals.flush(whole=True)
    assert sizes == [2, 2, 1, 1]
    assert len({record.token_id for record in desk.store.refusals}) == len(desk.store.refusals) == 5


async def test_the_task_writes_at_its_rhythm_and_ends_when_told(desk, monkeypatch):
    monkeypatch.setattr(module, "INTERVAL_S", 0.01)
    stop = asyncio.Event()
    task = asyncio.create_task(desk.refusals.run(stop))
    desk.refuse(Reason.EXPIRED)
    desk.clock.advance(60)
    for _ in range(100):
        await asyncio.sleep(0.01)
    stop.set()
    await asyncio.wait_for(task, 1)


async def test_a_token_that_passes_too_often_is_known_and_a_network_that_fails_too_often_is_not(desk):
    target = a_target()
    passes = Deny(reason=Reason.LIMITED, route=ROUTE, handle="tgp_0123456789a", proven=True)
    desk.refusals.refused(passes, target, NOW)
    desk.refusals.refused(Deny(reason=Reason.LIMITED, route=ROUTE, handle="tgp_0123456789b"), target, NOW)
    await desk.refusals.flush(whole=True)
    assert [(one.token_id, one.reason) for one in desk.store.refusals] == [("0123456789a", "limited")]
    assert [one.reasons for one in desk.store.unknown] == [{"limited": 1}]
