"""Failures with tokens of Request Tracker: limited per network and per user, in memory that does not grow."""

from ipaddress import ip_address

from gateway.auth.rt.failures import BUCKETS, PER_NETWORK, PER_USER, Failures
from tests.fakes import Clock

HERE, ELSEWHERE = ip_address("192.0.2.7"), ip_address("198.51.100.1")


def many(start: int):
    """Addresses of networks that are all different."""
    return (ip_address((0x2001 << 112) + (number << 64) + 1) for number in range(start, 10**9))


def fails(failures, address, user) -> bool:
    """Try once, with a wrong value; whether one was let."""
    place = failures.take(address, user)
    if place is not None:
        failures.end(place, is_failure=True)
    return place is not None


def test_a_network_is_limited_whatever_users_it_tries():
    failures = Failures(Clock())
    assert [fails(failures, HERE, user) for user in range(1, PER_NETWORK.burst + 2)] == [True] * PER_NETWORK.burst + [
        False
    ]
    assert fails(failures, ELSEWHERE, 99)


def test_a_user_is_limited_for_the_networks_that_have_failed_themselves():
    failures = Failures(Clock())
    networks = [next(many(number)) for number in range(PER_USER.burst)]
    passed = [fails(failures, address, 42) for _ in range(3) for address in networks]
    assert passed == [True] * PER_USER.burst + [False] * (2 * PER_USER.burst)
    assert [fails(failures, HERE, 42) for _ in range(3)] == [True, False, False]


def test_a_try_past_a_full_user_gives_back_nothing_that_it_did_not_take():
    failures, addresses = Failures(Clock()), many(0)
    failed = [next(addresses) for _ in range(PER_USER.burst)]
    for address in failed:
        assert fails(failures, address, 42)
    for _ in range(100):
        place = failures.take(HERE, 42)
        assert place is not None
        failures.end(place, is_failure=False)
    assert not any(fails(failures, address, 42) for address in failed)


def test_a_network_is_busy_from_its_try_to_the_end_of_it():
    failures = Failures(Clock())
    for is_failure in (True, False):
        place = failures.take(ip_address("2001:db8::1"), 42)
        assert place is not None
        assert failures.is_busy(ip_address("2001:db8::ffff"))
        assert not failures.is_busy(ip_address("2001:db8:0:1::1"))
        failures.end(place, is_failure=is_failure)
        assert not failures.is_busy(ip_address("2001:db8::1"))


def test_the_addresses_of_one_ipv6_network_share_a_limit():
    failures = Failures(Clock())
    passed = [fails(failures, ip_address(f"2001:db8::{number:x}"), number + 1) for number in range(40)]
    assert passed.count(True) == PER_NETWORK.burst


def test_clients_without_an_address_share_a_limit():
    failures = Failures(Clock())
    assert [fails(failures, None, user) for user in range(1, 40)].count(True) == PER_NETWORK.burst


def test_a_right_value_costs_nothing():
    failures = Failures(Clock())
    for _ in range(100):
        place = failures.take(HERE, 42)
        assert place is not None
        failures.end(place, is_failure=False)


def test_a_refused_try_costs_the_user_nothing():
    failures = Failures(Clock())
    for user in range(1000, 1000 + PER_NETWORK.burst):
        fails(failures, HERE, user)
    for _ in range(100):
        assert not fails(failures, HERE, 42)
    assert fails(failures, ELSEWHERE, 7)
    assert fails(failures, ELSEWHERE, 42)


def test_time_heals():
    clock = Clock()
    failures = Failures(clock)
    while fails(failures, HERE, 42):
        pass
    clock.advance(PER_NETWORK.period_s)
    assert fails(failures, HERE, 43)
    assert not fails(failures, HERE, 43)


def test_any_number_of_networks_takes_the_same_memory():
    failures, addresses = Failures(Clock()), many(0)
    for user in range(1, 3 * BUCKETS):
        fails(failures, next(addresses), user)
    assert {len(table._buckets) for table in (failures._networks, failures._users)} == {BUCKETS}
    assert failures._busy == set()
