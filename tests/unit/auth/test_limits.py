"""What is limited at checks: failures of a network, passes of a token and of whoever needs none."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from gateway.auth.limits import FAILURES, CheckLimits, RateLimits
from gateway.core.decision import Allow, Deny
from gateway.core.evidence import NotChecked, Proven, Rejected
from gateway.core.limits import Rate
from gateway.core.reason import Reason
from tests.builders import a_route, a_stored_secret, a_target, a_token, an_owner
from tests.fakes import Clock

HERE, ELSEWHERE = ip_address("192.0.2.7"), ip_address("192.0.2.8")
THREE = Rate(burst=3, period_s=10.0)
LIMITED = RateLimits(failures=THREE)
WRONG = Rejected(reason=Reason.WRONG_SECRET, handle="tgp_0123456789a")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def limits(clock):
    return CheckLimits(clock)


def failing(limits, address, times=3, limited=LIMITED):
    """Fail so often; the reasons that came of it."""
    return [limits.judged(WRONG, address, limited).reason for _ in range(times)]


def an_allow(route=None, token=None):
    return Allow(reason=Reason.TOKEN, route=route or a_route(), headers=(), token=token, owner=an_owner())


def test_a_network_that_fails_too_often_reads_limited_until_time_has_passed(limits, clock):
    assert failing(limits, HERE, 5) == [Reason.WRONG_SECRET] * 3 + [Reason.LIMITED] * 2
    assert failing(limits, ELSEWHERE, 1) == [Reason.WRONG_SECRET]
    clock.advance(4)
    evidence = limits.judged(WRONG, HERE, LIMITED)
    assert isinstance(evidence, NotChecked)
    assert (evidence.retry_after_s, evidence.handle) == (6, WRONG.handle)
    assert "wrong_secret" in evidence.detail
    clock.advance(6)
    assert failing(limits, HERE, 2) == [Reason.WRONG_SECRET, Reason.LIMITED]


def test_whoever_holds_the_token_is_never_limited_by_failures_of_the_network(limits):
    failing(limits, HERE, 100)
    token = a_token()
    proven = Proven(token=token, owner=an_owner(), secret=a_stored_secret(token))
    assert limits.judged(proven, HERE, LIMITED) is proven
    away = NotChecked(reason=Reason.UNAVAILABLE)
    assert limits.judged(away, HERE, LIMITED) is away


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.LIMITED])
def test_what_counts_as_a_failure_is_a_value_that_nobody_holds(limits, reason):
    for _ in range(3):
        limits.judged(Rejected(reason=reason), HERE, LIMITED)
    assert failing(limits, HERE, 1) == [Reason.LIMITED if reason in FAILURES else Reason.WRONG_SECRET]
    assert {one.value for one in FAILURES} == {"malformed_token", "unknown_token", "wrong_secret"}


def test_the_addresses_of_one_ipv6_network_share_a_limit_and_those_of_ipv4_do_not(limits):
    for number in range(3):
        assert failing(limits, ip_address(f"2001:db8::{number}"), 1) == [Reason.WRONG_SECRET]
    assert failing(limits, ip_address("2001:db8::ffff"), 1) == [Reason.LIMITED]
    assert failing(limits, ip_address("2001:db8:0:1::"), 1) == [Reason.WRONG_SECRET]


def test_clients_without_an_address_share_a_limit(limits):
    assert failing(limits, None, 4) == [Reason.WRONG_SECRET] * 3 + [Reason.LIMITED]


def test_without_a_limit_nothing_is_counted(limits):
    assert failing(limits, HERE, 100, RateLimits()) == [Reason.WRONG_SECRET] * 100
    assert len(limits.failures.filled) == 0


def test_no_more_networks_are_counted_than_there_is_room_for(limits):
    small = replace(LIMITED, tracked=50)
    failing(limits, HERE, 3, small)
    for number in range(1000):
        failing(limits, ip_address((0x2001 << 112) + (number << 64)), 1, small)
        if number % 20 == 0:
            assert failing(limits, HERE, 1, small) == [Reason.LIMITED], "who goes on failing is not forgotten"
    assert len(limits.failures.filled) == 50


def test_a_token_passes_a_route_as_often_as_the_route_says_and_other_tokens_do_not_notice(limits, clock):
    route = a_route(rate=THREE)
    one, other = an_allow(route, a_token(id="0123456789a")), an_allow(route, a_token())
    held = [limits.held(one, a_target(), RateLimits(), "tg") for _ in range(4)]
    assert held[:3] == [one] * 3
    assert held[3] == Deny(
        reason=Reason.LIMITED,
        route=route,
        detail="the route's rate for one token",
        handle="tgp_0123456789a",
        proven=True,
        retry_after_s=10,
    )
    assert limits.held(other, a_target(), RateLimits(), "tg") is other
    clock.advance(10)
    assert limits.held(one, a_target(), RateLimits(), "tg") is one


def test_routes_count_apart_and_all_together_for_the_token(limits):
    both = RateLimits(token=Rate(burst=4, period_s=1.0))
    token = a_token()
    first, second = (an_allow(a_route(path, rate=THREE), token) for path in ("/a", "/b"))
    plain = an_allow(a_route("/c"), token)
    assert [limits.held(first, a_target(), both, "tg").reason for _ in range(4)][3] is Reason.LIMITED
    assert limits.held(second, a_target(), both, "tg") is second
    refused = limits.held(plain, a_target(), both, "tg")
    assert (refused.reason, refused.detail) == (Reason.LIMITED, "limits.token, on all routes together")


def test_what_the_token_may_not_is_not_counted_for_the_route(limits, clock):
    both = RateLimits(token=Rate(burst=1, period_s=10.0))
    allow = an_allow(a_route(rate=Rate(burst=2, period_s=1000.0)), a_token())
    assert limits.held(allow, a_target(), both, "tg") is allow
    for _ in range(5):
        assert limits.held(allow, a_target(), both, "tg").detail.startswith("limits.token")
    clock.advance(10)
    assert limits.held(allow, a_target(), both, "tg") is allow


def test_where_nobody_is_known_the_rate_holds_for_each_network(limits):
    public = Allow(reason=Reason.PUBLIC, route=a_route(rate=THREE), headers=())
    limited = RateLimits(token=Rate(burst=1, period_s=1.0))
    held = [limits.held(public, a_target(address="192.0.2.7"), limited, "tg").reason for _ in range(4)]
    assert held == [Reason.PUBLIC] * 3 + [Reason.LIMITED]
    assert limits.held(public, a_target(address="192.0.2.8"), limited, "tg") is public


def test_networks_crowd_no_token_out(limits):
    small = RateLimits(tracked=10)
    route = a_route(rate=THREE)
    allow, public = an_allow(route, a_token()), Allow(reason=Reason.PUBLIC, route=route, headers=())
    for _ in range(3):
        assert limits.held(allow, a_target(), small, "tg") is allow
    for number in range(100):
        limits.held(public, a_target(address=f"10.0.0.{number}"), small, "tg")
    assert limits.held(allow, a_target(), small, "tg").reason is Reason.LIMITED


def test_a_refusal_is_no_pass(limits):
    deny = Deny(reason=Reason.GROUP, route=a_route(rate=THREE))
    assert limits.held(deny, a_target(), RateLimits(token=THREE), "tg") is deny
    assert len(limits.tokens.filled) == 0


def test_passes_that_are_counted_where_they_were_found_and_others_are_counted_together(limits):
    few = RateLimits(token=THREE)
    allow = an_allow(a_route(), a_token())
    assert limits.held(allow, a_target(), few, "tg") is allow
    wait_s, bucket = limits.again(allow.token.id, None, THREE)
    assert (wait_s, limits.again(allow.token.id, bucket, THREE)) == (0, (0, bucket))
    assert limits.held(allow, a_target(), few, "tg").reason is Reason.LIMITED
    assert limits.again(allow.token.id, bucket, THREE)[0] == pytest.approx(10.0)
    limits.tokens.filled.capacity = 1
    limits.tokens.take(("", "another"), 0.0, THREE)
    wait_s, anew = limits.again(allow.token.id, bucket, THREE)
    assert (wait_s, anew is bucket) == (0, False), "nothing is counted in a bucket that others do not find"
