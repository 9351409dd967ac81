"""The portal's question for what all processes say, and the counts of routes that they hand on."""

import asyncio
from datetime import UTC, datetime

from gateway.core.reason import Reason
from gateway.runtime import census as asking
from gateway.runtime.census import AskParent, census, process
from gateway.runtime.channel import Kind
from gateway.runtime.metrics import ROUTES_AT_ONCE, Metrics
from gateway.runtime.offspring import Offspring

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class Sent(list):
    """In place of a channel: what was sent."""

    def send(self, kind, number):
        self.append((kind, number))


def document(**routes):
    return census(began_at=NOW, configuration=3, processes=[], metrics=[], routes=routes)


async def test_those_who_ask_at_the_same_time_share_one_question_and_its_answer():
    sent = Sent()
    ask = AskParent(sent)
    waiting = [asyncio.create_task(ask()) for _ in range(3)]
    await asyncio.sleep(0)
    assert sent == [(Kind.WONDER, 1)]
    ask.heard(1, document(read=7))
    assert [(await one).routes for one in waiting] == [{"read": 7}] * 3


async def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(monkeypatch):
    monkeypatch.setattr(asking, "ANSWER_S", 0.01)
    sent = Sent()
    ask = AskParent(sent)
    assert await ask() is None
    again = asyncio.create_task(ask())
    await asyncio.sleep(0)
    ask.heard(1, document(read=1))
    assert not again.done()
    ask.heard(2, document(read=2))
    assert (await again).routes == {"read": 2}
    ask.heard(2, document(read=3))  # nobody asks any more


async def test_who_gives_up_takes_the_answer_from_nobody_else():
    ask = AskParent(Sent())
    first, second = asyncio.create_task(ask()), asyncio.create_task(ask())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    ask.heard(1, document(read=5))
    assert (await second).routes == {"read": 5}


def test_counts_of_routes_are_taken_once_and_not_too_many_at_a_time():
    metrics = Metrics()
    metrics.routes.update({f"r{n}": n for n in range(ROUTES_AT_ONCE + 5)})
    first, second = metrics.take_routes(), metrics.take_routes()
    assert (len(first), len(second), metrics.take_routes()) == (ROUTES_AT_ONCE, 5, {})
    assert {**first, **second} == {f"r{n}": n for n in range(ROUTES_AT_ONCE + 5)}


def test_counts_of_routes_that_are_no_more_are_forgotten():
    child = Offspring("worker-1")
    child.routes.update({"read": 3, "gone": 4})
    child.keep_routes({"read", "new"})
    assert dict(child.routes) == {"read": 3}


def test_what_the_metrics_say_is_read_by_name():
    metrics = Metrics()
    metrics.checked("nginx", Reason.PUBLIC)
    metrics.checked("caddy", Reason.PUBLIC)
    metrics.gauge("lease_age_seconds", "...", lambda: 0.25)
    metrics.counter("mails_sent", "...", lambda: 4)
    seen = process(Offspring("portal"), {"accepting": True, "store": False, "cached": True}, 1.5)
    found = asking.read_census(
        census(began_at=NOW, configuration=2, processes=[seen], metrics=metrics.snapshot(), routes={"read": 1})
    )
    assert (found.checks, found.lease_age_s, found.mails_sent, found.mails_failed) == ({"public": 2}, 0.25, 4, 0)
    assert (found.began_at, found.configuration, found.routes) == (NOW, 2, {"read": 1})
    (one,) = found.processes
    assert (one.name, one.pid, one.is_accepting, one.has_store, one.is_cached, one.heard_s) == (
        "portal",
        None,
        True,
        False,
        True,
        1.5,
    )
