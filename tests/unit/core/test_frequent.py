"""What comes often is found, in bounded memory, whatever else is sent."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from gateway.core.frequent import Frequent


@given(st.lists(st.sampled_from("abcdefgh")), st.integers(1, 5))
def test_counts_are_never_too_high_and_too_low_by_a_bounded_part(names, places):
    found = Frequent(places)
    for name in names:
        found.add(name)
    told, true = dict(found.most(places)), Counter(names)
    assert len(told) <= places
    for name, count in true.items():
        assert count - len(names) / (places + 1) <= told.get(name, 0) <= count


def test_whoever_sends_most_is_not_hidden_by_a_flood_of_others():
    found = Frequent(16)
    for number in range(10_000):
        found.add("192.0.2.7" if number % 8 == 0 else f"10.0.{number // 256}.{number % 256}")
    ((name, count),) = found.most(1)
    assert name == "192.0.2.7"
    assert 0 < count <= 1250
