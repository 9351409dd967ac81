"""A bounded map: what it keeps, what it forgets first, and what it counts."""

from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.lru import Lru, Recent

STEPS = st.lists(st.tuples(st.sampled_from(["get", "put", "pop", "peek"]), st.integers(0, 6)))


KINDS = pytest.mark.parametrize("kind", [Lru, Recent])


@KINDS
@given(steps=STEPS, capacity=st.integers(1, 4))
def test_it_is_a_map_that_forgets_the_entry_asked_for_the_longest_ago(kind, steps, capacity):
    lru: Lru[int, str] = kind(capacity)
    model: OrderedDict[int, str] = OrderedDict()
    hits = misses = evictions = 0
    for step, key in steps:
        match step:
            case "get":
                assert lru.get(key) == model.get(key)
                hits, misses = hits + (key in model), misses + (key not in model)
                if key in model:
                    model.move_to_end(key)
            case "peek":
                assert lru.peek(key) == model.get(key)
            case "pop":
                lru.pop(key)
                model.pop(key, None)
            case "put":
                lru.put(key, str(key))
                model.pop(key, None)
                if len(model) == capacity:
                    model.popitem(last=False)
                    evictions += 1
                model[key] = str(key)
        assert len(lru) == len(model) <= capacity
    assert (lru.hits, lru.misses, lru.evictions) == (hits, misses, evictions)


@KINDS
def test_what_was_counted_outlives_what_was_kept(kind):
    lru: Lru[str, str] = kind(2)
    lru.put("a", "b")
    lru.get("a")
    lru.clear()
    assert (len(lru), lru.hits) == (0, 1)


@KINDS
def test_a_map_for_nothing_is_refused(kind):
    with pytest.raises(ValueError, match="at least 1"):
        kind(0)
    with pytest.raises(ValueError, match="at least 1"):
        kind(1).capacity = 0


@KINDS
def test_with_less_room_what_was_asked_for_the_longest_ago_goes_and_with_more_nothing(kind):
    lru: Lru[int, int] = kind(4)
    for key in range(4):
        lru.put(key, key)
    lru.get(0)
    lru.capacity = 2
    assert (lru.peek(3), lru.peek(0), len(lru), lru.capacity, lru.evictions) == (3, 0, 2, 2, 2)
    lru.capacity = 3
    lru.put(5, 5)
    assert (lru.peek(3), lru.peek(0), lru.peek(5)) == (3, 0, 5)
