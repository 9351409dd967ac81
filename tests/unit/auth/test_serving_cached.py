"""`serve_cached_for`: state that may be used while the store is away, and what is said of changes meanwhile."""

from datetime import timedelta

import pytest

from gateway.auth.desk import effective
from gateway.auth.lease import Lease, StaleError
from gateway.auth.refused import Refused
from gateway.auth.serving_cached import set_serve_cached_for
from gateway.store import Changes, StoreUnavailable
from tests.fakes import Clock
from tests.house import BOUND
from tests.installation import an_installation


class CutOff:
    """A feed that answers what it is told to, or cannot be read."""

    def __init__(self):
        self.answer = None
        self.away = False

    def poll(self):
        if self.away:
            raise StoreUnavailable("away")
        answer, self.answer = self.answer, None
        return answer


def a_lease(feed, clock, cached_s):
    lease = Lease(feed, bound_s=BOUND, serve_cached_for_s=cached_s, apply=lambda _: None, clock=clock)
    lease.renew()
    return lease


def test_cached_state_is_used_for_the_span_beyond_the_bound_and_not_a_moment_longer():
    feed, clock = CutOff(), Clock()
    lease = a_lease(feed, clock, 60.0)
    feed.away = True
    clock.advance(BOUND + 59.9)
    lease.renew()
    assert not lease.is_current
    clock.advance(0.2)
    with pytest.raises(StaleError):
        lease.renew()


def test_what_must_be_fresh_is_not_taken_from_a_stale_lease():
    feed, clock = CutOff(), Clock()
    lease = a_lease(feed, clock, 60.0)
    feed.away = True
    clock.advance(1.0)
    with pytest.raises(StaleError):
        lease.renew(0.001)


def test_the_span_comes_with_the_feed_and_goes_with_it():
    feed, clock = CutOff(), Clock()
    lease = a_lease(feed, clock, 0.0)
    for span, holds in ((30.0, True), (0.0, False)):
        clock.advance(BOUND)
        feed.away, feed.answer = False, Changes("e", 1, (), complete=True, serve_cached_for_s=span)
        lease.renew()
        feed.away = True
        clock.advance(BOUND + 1)
        if holds:
            lease.renew()
        else:
            with pytest.raises(StaleError):
                lease.renew()


def test_a_span_holds_on_an_epoch_that_drops_every_cache_too():
    feed, clock = CutOff(), Clock()
    lease = a_lease(feed, clock, 30.0)
    clock.advance(BOUND)
    feed.answer = Changes("other", 1, (), complete=False, serve_cached_for_s=0.0)
    lease.renew()
    feed.away = True
    clock.advance(BOUND + 1)
    with pytest.raises(StaleError):
        lease.renew()


class TestWhatIsSaid:
    """Everything that takes a right away says by when that holds everywhere."""

    @pytest.fixture
    def installation(self, tmp_path):
        return an_installation(tmp_path / "template", tmp_path / "gw")

    async def test_without_it_a_change_is_effective_everywhere_when_it_returns(self, installation):
        async with installation.desk() as desk:
            assert (await effective(desk)).everywhere_by is None

    async def test_with_it_the_span_is_counted_from_the_commit_also_where_another_process_set_it(self, installation):
        async with installation.desk() as old, installation.desk() as other:
            await set_serve_cached_for(other, span=timedelta(minutes=5), actor="cli:test")
            before = old.now()
            effect = await effective(old)
            assert timedelta(minutes=5) < effect.everywhere_by - before < timedelta(minutes=6)

    async def test_who_was_cut_off_before_it_was_shortened_has_the_longer_span_still(self, installation):
        async with installation.desk() as desk:
            await set_serve_cached_for(desk, span=timedelta(minutes=5), actor="cli:test")
            before = desk.now()
            shortened = await set_serve_cached_for(desk, span=timedelta(0), actor="cli:test")
            later = await effective(desk)
            assert shortened.everywhere_by == later.everywhere_by
            assert timedelta(minutes=5) < later.everywhere_by - before < timedelta(minutes=6)
            await set_serve_cached_for(desk, span=timedelta(minutes=1), actor="cli:test")
            assert (await effective(desk)).everywhere_by == later.everywhere_by, "the longer one still counts"

    async def test_setting_what_is_set_changes_nothing_and_is_not_audited_again(self, installation):
        async with installation.desk() as desk:
            assert await set_serve_cached_for(desk, span=timedelta(0), actor="cli:test") is None
            await set_serve_cached_for(desk, span=timedelta(seconds=30), actor="cli:test")
            assert await set_serve_cached_for(desk, span=timedelta(seconds=30), actor="cli:test") is None
        rows = installation.rows("SELECT detail FROM audit WHERE action = 'serve_cached_for_set'")
        assert rows == [('{"after_s":30.0,"before_s":0.0}',)]

    @pytest.mark.parametrize("span", [timedelta(days=1, seconds=1), timedelta(seconds=-1)])
    async def test_a_span_that_is_too_long_is_refused(self, installation, span):
        async with installation.desk() as desk:
            with pytest.raises(Refused):
                await set_serve_cached_for(desk, span=span, actor="cli:test")
