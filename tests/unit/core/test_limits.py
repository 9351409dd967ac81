"""The rate limit: a burst, and then one a period; and many buckets in bounded memory."""

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.limits import Buckets, Rate, give_back, take, wait_s

RATE = Rate(burst=3, period_s=10.0)
RATES = st.builds(Rate, burst=st.integers(1, 20), period_s=st.sampled_from([0.1, 0.25, 1.0, 6.0, 1 / 3, 0.007]))


def taken(filled: float, now: float) -> float:
    after = take(filled, now, RATE)
    assert after is not None
    return after


def test_a_burst_passes_at_once_and_no_more() -> None:
    filled = 0.0
    for _ in range(3):
        filled = taken(filled, 1000.0)
    assert take(filled, 1000.0, RATE) is None


@given(RATES, st.floats(0, 1e6))
def test_rounding_takes_nothing_from_a_burst_and_adds_nothing(rate: Rate, now: float) -> None:
    filled: float | None = 0.0
    for _ in range(rate.burst):
        assert filled is not None
        filled = take(filled, now, rate)
    assert filled is not None
    assert take(filled, now, rate) is None


def test_after_a_burst_one_passes_each_period() -> None:
    filled = 0.0
    for _ in range(3):
        filled = taken(filled, 1000.0)
    assert take(filled, 1009.9, RATE) is None
    filled = taken(filled, 1010.0)
    assert take(filled, 1010.0, RATE) is None


@given(RATES, st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 60.0]), max_size=60))
def test_it_is_a_bucket_that_leaks_one_each_period(rate: Rate, pauses: list[float]) -> None:
    """Against a queue of what is still in the bucket, and until when."""
    now, filled = 1000.0, 0.0
    inside: deque[float] = deque()
    for pause in pauses:
        now += pause
        while inside and inside[0] <= now + rate.period_s / 1000:
            inside.popleft()
        after = take(filled, now, rate)
        assert (after is not None) == (len(inside) < rate.burst)
        if after is None:
            assert take(filled, now + wait_s(filled, now, rate), rate) is not None
        else:
            assert wait_s(filled, now, rate) <= rate.period_s / 1000
            inside.append((inside[-1] if inside else now) + rate.period_s)
            filled = after


def test_what_is_given_back_can_be_taken_again() -> None:
    filled = 0.0
    for _ in range(3):
        filled = taken(filled, 1000.0)
    assert take(give_back(filled, RATE), 1000.0, RATE) == filled


def test_a_long_rest_saves_up_no_more_than_a_burst() -> None:
    filled = taken(0.0, 1000.0)
    for _ in range(3):
        filled = taken(filled, 99_000.0)
    assert take(filled, 99_000.0, RATE) is None


def test_what_was_taken_at_a_slower_rate_holds_nobody_up_for_longer_than_the_new_one_does() -> None:
    quick = Rate(burst=2, period_s=0.5)
    buckets: Buckets[str] = Buckets(10)
    for _ in range(3):
        assert buckets.take("a", 1000.0, RATE) == 0
    assert buckets.take("a", 1000.0, quick) == pytest.approx(0.5)
    assert buckets.take("a", 1000.25, quick) == pytest.approx(0.25)
    assert buckets.take("a", 1000.5, quick) == 0


def test_each_key_has_a_bucket_of_its_own_and_a_refusal_takes_nothing() -> None:
    buckets: Buckets[str] = Buckets(10)
    assert [buckets.take("a", 1000.0, RATE) for _ in range(5)] == [0, 0, 0, 10.0, 10.0]
    assert buckets.take("b", 1000.0, RATE) == 0
    assert buckets.take("a", 1010.0, RATE) == 0


def test_memory_is_bounded_and_who_asks_is_not_forgotten_for_others() -> None:
    buckets: Buckets[int] = Buckets(100)
    for _ in range(3):
        assert buckets.take(-1, 1000.0, RATE) == 0
    for stranger in range(10_000):
        if stranger % 50 == 0:
            assert buckets.take(-1, 1000.0, RATE) == 10.0
        assert buckets.take(stranger, 1000.0, RATE) == 0, "nobody finds a full bucket that others filled"
    assert len(buckets.filled) == 100


def test_giving_back_to_a_bucket_that_was_forgotten_does_nothing() -> None:
    buckets: Buckets[str] = Buckets(1)
    buckets.take("a", 1000.0, RATE)
    buckets.take("b", 1000.0, RATE)
    buckets.give_back("a", RATE)
    assert len(buckets.filled) == 1


def test_a_bucket_that_was_found_is_surely_the_keys_until_some_bucket_is_forgotten() -> None:
    buckets: Buckets[str] = Buckets(2)
    found = buckets.find("a")
    assert found.take(1000.0, RATE) == 0
    assert [buckets.take("a", 1000.0, RATE) for _ in range(3)] == [0, 0, 10.0], "it is the one and only"
    assert buckets.is_kept(found)
    for other in "bc":
        buckets.take(other, 1000.0, RATE)
    assert not buckets.is_kept(found), "it went for c"
    again = buckets.find("a")
    assert (again is found, buckets.is_kept(again)) == (False, True)


def test_a_bucket_that_is_found_again_after_others_were_forgotten_is_the_same() -> None:
    buckets: Buckets[str] = Buckets(2)
    found = buckets.find("a")
    for other in "bcd":
        buckets.take(other, 1000.0, RATE)
        assert buckets.find("a") is found
    assert buckets.is_kept(found)
