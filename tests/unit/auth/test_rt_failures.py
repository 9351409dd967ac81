"""Failures with tokens of Request Tracker: limited per network and per user, in memory that does not grow."""

from ipaddress import ip_address

from gateway.auth.rt.failures import BUCKETS, PER_NETWORK, PER_USER, Failures
from tests.fakes import Clock

HERE = ip_address("192.0.2.7")


def many(start: int):
    """Addresses of networks that are all different."""
    return (ip_address((0x2001 << 112) + (number << 64) + 1) for number in range(start, 10**9))


def test_a_network_is_limited_whatever_users_it_tries():
    failures = Failures(Clock())
    assert [failures.take(HERE, user) for user in range(1, PER_NETWORK.burst + 2)] == [True] * PER_NETWORK.burst + [
        False
    ]
    assert failures.take(ip_address("198.51.100.1"), 99)


def test_a_user_is_limited_whatever_networks_the_tries_come_from():
    failures, addresses = Failures(Clock()), many(0)
    passed = [failures.take(next(addresses), 42) for _ in range(PER_USER.burst * 3)]
    assert passed.count(True) == PER_USER.burst


def test_the_addresses_of_one_ipv6_network_share_a_limit():
    failures = Failures(Clock())
    passed = [failures.take(ip_address(f"2001:db8::{number:x}"), number + 1) for number in range(40)]
    assert passed.count(True) == PER_NETWORK.burst


def test_clients_without_an_address_share_a_limit():
    failures = Failures(Clock())
    assert [failures.take(None, user) for user in range(1, 40)].count(True) == PER_NETWORK.burst


def test_a_right_value_costs_nothing():
    failures = Failures(Clock())
    for _ in range(100):
        assert failures.take(HERE, 42)
        failures.give_back(HERE, 42)


def test_a_refused_try_costs_the_user_nothing():
    failures = Failures(Clock())
    for user in range(1000, 1000 + PER_NETWORK.burst):
        failures.take(HERE, user)
    for _ in range(100):
        assert not failures.take(HERE, 42)
    assert failures.take(ip_address("198.51.100.1"), 42)


def test_time_heals():
    clock = Clock()
    failures = Failures(clock)
    while failures.take(HERE, 42):
        pass
    clock.advance(PER_NETWORK.period_s)
    assert failures.take(HERE, 43)
    assert not failures.take(HERE, 43)


def test_any_number_of_networks_takes_the_same_memory():
    failures, addresses = Failures(Clock()), many(0)
    for user in range(1, 3 * BUCKETS):
        failures.take(next(addresses), user)
    assert {len(table._buckets) for table in (failures._networks, failures._users)} == {BUCKETS}
