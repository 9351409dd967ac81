"""The log of refusals: a line each, until somebody floods it; then a count, and holders are still told of."""

import pytest
import structlog

from gateway.core.decision import Deny
from gateway.core.reason import Reason
from gateway.web.check.refusal_log import ALL, EACH, RefusalLog
from tests.builders import a_route, a_target
from tests.fakes import Clock

ROUTE = a_route("/api/**")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def told(clock):
    """Refuse, and read what was logged."""
    refusals = RefusalLog(clock)

    def refuse(reason, *, times=1, address="192.0.2.7", handle="", proven=False):
        decision = Deny(reason=reason, route=ROUTE, handle=handle, proven=proven)
        target = a_target("/api/x?secret=1", address=address)
        with structlog.testing.capture_logs() as lines:
            for _ in range(times):
                refusals.refused("traefik", decision, target)
        return [line for line in lines if line["event"] == "refused"], [
            line["count"] for line in lines if line["event"] == "refusals not told one by one"
        ]

    return refuse


def test_a_refusal_is_a_line_without_the_query(told):
    ((line,), counts) = told(Reason.EXPIRED, handle="tgp_0123456789a", proven=True)
    assert (line["reason"], line["handle"], line["path"], line["address"]) == (
        "expired",
        "tgp_0123456789a",
        "/api/x",
        "192.0.2.7",
    )
    assert counts == []


def test_a_token_that_a_client_names_as_host_is_logged_by_its_public_part(clock):
    refusals = RefusalLog(clock)
    named = a_target(host="tgp_0123456789a_abcdefghijklmnopqrstuvwxyz0123456789ab")
    with structlog.testing.capture_logs() as lines:
        refusals.refused("traefik", Deny(reason=Reason.NO_ROUTE), named)
    assert lines[0]["host"] == "tgp_0123456789a_***"


def test_one_network_fills_no_disk_and_what_is_left_out_is_counted_once_a_minute(told, clock):
    lines, counts = told(Reason.UNKNOWN_TOKEN, times=1000, handle="tgp_0123456789a")
    assert (len(lines), counts) == (EACH.burst, [1])
    assert len(told(Reason.UNKNOWN_TOKEN, address="192.0.2.8")[0]) == 1, "others are still told of"
    assert len(told(Reason.NO_CREDENTIAL)[0]) == 1, "so are its other reasons"
    clock.advance(60)
    lines, counts = told(Reason.UNKNOWN_TOKEN, times=1000)
    assert (len(lines), counts) == (10, [1000 - EACH.burst])


def test_a_full_bucket_is_asked_again_when_it_said_that_there_would_be_room(clock):
    refusals, who = RefusalLog(clock), (b"net", Reason.UNKNOWN_TOKEN)
    with structlog.testing.capture_logs() as lines:
        assert [refusals.silent_until(*who) for _ in range(EACH.burst)] == [None] * EACH.burst
        until = refusals.silent_until(*who)
        assert until == pytest.approx(clock() + EACH.period_s)
        assert refusals.silent_until(*who, until) == until
        clock.advance(EACH.period_s + 0.001)
        assert refusals.silent_until(*who, until) is None, "there is room for one line again"
        assert refusals.silent_until(*who) > until
        clock.advance(60)
        refusals.each.filled.clear()
        for _ in range(EACH.burst + 1):
            refusals.silent_until(*who)
    assert [line["count"] for line in lines] == [1, 3], "what was not asked about is counted all the same"


def test_guesses_at_one_token_are_one_flood_wherever_they_come_from(told):
    lines = [
        line
        for number in range(200)
        for line in told(Reason.WRONG_SECRET, handle="tgp_0123456789a", address=f"10.0.0.{number}")[0]
    ]
    assert len(lines) == EACH.burst


def test_many_networks_fill_no_disk_and_hide_no_holder(told):
    lines = [
        line
        for number in range(2 * ALL.burst)
        for line in told(Reason.UNKNOWN_TOKEN, address=f"10.0.{number // 256}.{number % 256}")[0]
    ]
    assert len(lines) == ALL.burst
    assert len(told(Reason.EXPIRED, handle="tgp_0123456789a", proven=True)[0]) == 1
