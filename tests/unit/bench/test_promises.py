"""The limits next to what was measured."""

import pytest

from bench.promises import promises
from tests.unit.bench.results import a_latency, a_row

NEEDED = (
    "constant",
    "rest",
    "repeated",
    "distinct",
    "distinct-again",
    "both",
    "worker",
    "nginx-gateway",
    "nginx-apr1",
    "nginx-floor",
    "unknown",
)


def rows(**cpu_us):
    return [a_row(key, cpu_us=cpu_us.get(key.replace("-", "_"), 20.0)) for key in NEEDED]


LATENCIES = (a_latency("quiet", p99=1_000.0), a_latency("siege", p99=1_500.0))


def measured(start_s=1.0, **cpu_us):
    return {promise.limit: promise for promise in promises(rows(**cpu_us), LATENCIES, start_s)}


def test_what_the_gateway_was_built_to_reach_is_listed_whole():
    listed = promises(rows(), LATENCIES, 1.0)
    assert [promise.limit for promise in listed] == [1.25, 2.0, 1.2, 2.1, 0.6, 3.0, 2.0, 100, 1.5]


@pytest.mark.parametrize("missing", NEEDED)
def test_a_row_that_was_not_measured_is_not_left_out_in_silence(missing):
    with pytest.raises(KeyError, match=missing):
        promises([row for row in rows() if row.key != missing], LATENCIES, 1.0)


def test_many_routes_and_tokens_are_compared_with_few_of_the_same_rounds():
    assert measured(both=33.0, distinct_again=30.0)[1.2].measured == pytest.approx(1.1)


def test_the_gateway_is_compared_with_passwords_behind_the_same_nginx():
    assert measured(nginx_gateway=60.0, nginx_apr1=120.0)[0.6].measured == 0.5


def test_what_asking_costs_by_itself_is_told_beside_what_the_gateway_adds():
    (told,) = (one for one in promises(rows(nginx_floor=25.0, nginx_gateway=60.0), LATENCIES, 1.0) if one.limit == 2.1)
    assert "2.50 x" in told.why
    assert "the other 35 us" in told.why


def test_a_slow_start_is_told():
    assert not measured(start_s=1.6)[1.5].holds


def test_a_siege_is_compared_with_quiet():
    siege = next(promise for promise in promises(rows(), LATENCIES, 1.0) if "p99" in promise.what)
    assert siege.measured == 1.5
    assert siege.holds


def test_the_answer_for_the_lane_adds_the_steps_up_beside_the_rest_and_nginx():
    steps = [a_row("step-head", cpu_us=3.0), a_row("step-route", cpu_us=1.5)]
    listed = promises([*rows(constant=7.0, distinct=14.0, rest=9.5), *steps], LATENCIES, 1.0)
    told = next(promise.why for promise in listed if promise.limit == 1.25)
    assert all(amount in told for amount in ("7.0 us", "14.0 us", "4.5 us", "9.5 us"))
