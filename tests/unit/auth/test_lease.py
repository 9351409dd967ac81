"""Cached state is believed only while the last complete poll is younger than the bound."""

import pytest

from gateway.auth.lease import REMEMBERED_ROWS, Lease, StaleError
from tests.fakes import Clock, Feed

BOUND = 0.1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def feed():
    return Feed()


@pytest.fixture
def applied():
    return []


@pytest.fixture
def lease(feed, clock, applied):
    made = Lease(feed, bound_s=BOUND, apply=applied.append, clock=clock)
    made.renew()
    return made


def test_a_young_lease_costs_no_poll_and_an_older_one_a_single_one(lease, feed, clock):
    polls = feed.polls
    lease.renew()
    assert feed.polls == polls
    clock.advance(BOUND / 3)
    lease.renew()
    lease.renew()
    assert feed.polls == polls + 1


def test_a_row_is_applied_before_the_lease_is_extended(lease, feed, clock, applied):
    feed.append("token", "t1")
    clock.advance(BOUND)
    lease.renew()
    assert [row.id for row in applied[-1]] == ["t1"]
    assert lease.age_s == 0


def test_the_stamp_is_from_before_the_poll(feed, clock):
    class SlowFeed(Feed):
        def poll(self):
            clock.advance(0.07)
            return super().poll()

    lease = Lease(SlowFeed(), bound_s=BOUND, apply=lambda _: None, clock=clock)
    lease.renew()
    assert lease.age_s == pytest.approx(0.07)


def test_a_feed_that_is_away_is_bridged_only_within_the_bound(lease, feed, clock):
    feed.is_away = True
    clock.advance(BOUND * 0.99)
    lease.renew()
    clock.advance(BOUND * 0.02)
    with pytest.raises(StaleError):
        lease.renew()
    feed.is_away = False
    lease.renew()
    assert lease.age_s == 0


def test_nothing_is_believed_before_the_first_poll(feed, clock):
    feed.is_away = True
    with pytest.raises(StaleError):
        Lease(feed, bound_s=BOUND, apply=lambda _: None, clock=clock).renew()


def test_an_incomplete_feed_drops_everything_and_touches_everything(lease, feed, clock, applied):
    position = lease.position
    feed.complete = False
    clock.advance(BOUND)
    lease.renew()
    assert applied[-1] is None
    assert lease.touched_since(position, ("token", "any"))


def test_only_the_subjects_named_since_the_position_are_touched(lease, feed, clock):
    feed.append("token", "before")
    clock.advance(BOUND)
    lease.renew()
    position = lease.position
    assert not lease.touched_since(position, ("token", "before"))
    feed.append("token", "t1")
    feed.append("owner", "o1")
    clock.advance(BOUND)
    lease.renew()
    assert lease.touched_since(position, ("token", "t1"))
    assert lease.touched_since(position, ("token", "other"), ("owner", "o1"))
    assert not lease.touched_since(position, ("token", "o1"), ("owner", "t1"))


def test_a_row_about_all_touches_every_subject(lease, feed, clock):
    position = lease.position
    feed.append("all", "")
    clock.advance(BOUND)
    lease.renew()
    assert lease.touched_since(position, ("token", "t1"))


def test_a_position_older_than_what_is_remembered_counts_as_touched(lease, feed, clock):
    position = lease.position
    for number in range(REMEMBERED_ROWS + 1):
        feed.append("token", f"t{number}")
    clock.advance(BOUND)
    lease.renew()
    assert lease.touched_since(position, ("token", "untouched"))
    assert not lease.touched_since(lease.position, ("token", "t0"))
