"""The rate limit: a burst, and then one a period."""

from gateway.core.limits import Rate, give_back, take

RATE = Rate(burst=3, period_s=10.0)


def taken(filled: float, now: float) -> float:
    after = take(filled, now, RATE)
    assert after is not None
    return after


def test_a_burst_passes_at_once_and_no_more() -> None:
    filled = 0.0
    for _ in range(3):
        filled = taken(filled, 1000.0)
    assert take(filled, 1000.0, RATE) is None


def test_after_a_burst_one_passes_each_period() -> None:
    filled = 0.0
    for _ in range(3):
        filled = taken(filled, 1000.0)
    assert take(filled, 1009.9, RATE) is None
    filled = taken(filled, 1010.0)
    assert take(filled, 1010.0, RATE) is None


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
