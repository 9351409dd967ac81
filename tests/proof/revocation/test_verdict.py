"""What is judged of a check, and what is not."""

import pytest

from tests.proof.page import PAGE, put
from tests.proof.revocation.connection import Seen
from tests.proof.revocation.faults import KILL, LOCK, NONE, STOP
from tests.proof.revocation.plan import plan
from tests.proof.revocation.proof import Result
from tests.proof.revocation.report import section
from tests.proof.revocation.roster import KINDS
from tests.proof.revocation.run import faults_in
from tests.proof.revocation.verdict import Subject, judge
from tests.proof.revocation.wire import HEAD, SAME, URI, WAYS, Answered, Target, read_answer

TARGET = Target("GET", "/api/x", "tgp_x")


def judged(sent, answered, status, reason="allowed"):
    subject = Subject(key=1, what="revoke", target=TARGET, taking_from=10.0, gone_from=20.0)
    return judge([subject], [Seen(1, SAME, sent, answered, status, reason)])[0]


@pytest.mark.parametrize(
    ("sent", "answered", "status", "reason", "allowed_after", "refused_before"),
    [
        pytest.param(1, 2, 200, "allowed", 0, 0, id="allowed while it was valid"),
        pytest.param(1, 2, 401, "revoked", 0, 1, id="refused while it was valid"),
        pytest.param(1, 2, 503, "unavailable", 0, 0, id="unavailable while it was valid"),
        pytest.param(1, 11, 401, "revoked", 0, 0, id="refused across the beginning of the call"),
        pytest.param(12, 13, 200, "allowed", 0, 0, id="allowed within the call"),
        pytest.param(19, 25, 200, "allowed", 0, 0, id="sent within the call, allowed afterwards"),
        pytest.param(20.001, 25, 200, "allowed", 1, 0, id="sent afterwards, allowed"),
        pytest.param(20.001, 25, 401, "revoked", 0, 0, id="sent afterwards, refused"),
    ],
)
def test_a_check_is_judged_by_when_it_was_sent_and_answered(
    sent, answered, status, reason, allowed_after, refused_before
):
    tally = judged(sent, answered, status, reason)
    assert (len(tally.allowed_after), len(tally.refused_before)) == (allowed_after, refused_before)
    assert tally.unavailable == (reason == "unavailable")


def test_whatever_breaks_the_promise_is_a_fault_and_says_how_to_repeat_it():
    bad = Result(4)
    bad.tally.add(judged(21, 22, 200))
    bad.failed_seeds.append(77)
    assert "PROOF_SEED=77" in faults_in(bad)[-1]
    away = Result(1)
    for _ in range(10):
        away.tally.add(judged(1, 2, 503, "unavailable"))
    assert "unavailable" in faults_in(away)[0]
    silent = Result(1)
    silent.tally.unanswered = 1
    assert "not answered" in faults_in(silent)[0]
    good = Result(1)
    good.tally.add(judged(1, 2, 200))
    good.tally.add(judged(21, 22, 401, "revoked"))
    assert faults_in(good) == []


def test_each_fifty_seeds_have_every_kind_of_change_through_every_door_and_every_fault():
    for first in (0, 1795334000):
        plans = [plan(seed) for seed in range(first, first + 50)]
        assert {step.kind for one in plans for step in one.steps} == set(KINDS)
        assert {step.door for one in plans for step in one.steps} == {"in process", "REST API", "command line"}
        assert [[one.fault for one in plans].count(fault) for fault in (NONE, STOP, KILL, LOCK)] == [27, 20, 1, 2]


def test_a_seed_says_all_of_a_round():
    assert plan(5) == plan(5)
    assert plan(5) != plan(6)


def test_heads_differ_in_what_a_way_says_and_in_nothing_else():
    assert TARGET.head(SAME, 1) == TARGET.head(SAME, 2)
    assert b"/api/x?2\r\n" in TARGET.head(URI, 2)
    assert b"X-Request-Id: 2\r\n" in TARGET.head(HEAD, 2)
    assert len({TARGET.head(way, 3) for way in WAYS}) == 3


def test_an_answer_is_read_when_it_is_whole():
    got = b"HTTP/1.1 401 Unauthorized\r\nX-Auth-Reason: revoked\r\nContent-Length: 3\r\n\r\nno\n"
    assert all(read_answer(got[:cut]) is None for cut in range(len(got)))
    assert read_answer(got) == Answered(401, "revoked", len(got))


def test_a_proof_writes_between_its_own_marks_alone():
    page = PAGE.read_text("utf-8")
    written = put(page, "revocation", "## Revocation\n\nanother")
    assert put(written, "revocation", "## Revocation\n\nanother") == written
    assert written.partition("<!-- revocation:")[0] == page.partition("<!-- revocation:")[0]
    assert "another" in written
    with pytest.raises(ValueError, match="marks of nobody"):
        put(page, "nobody", "")


def test_the_report_says_what_was_counted():
    result = Result(1, rounds=3, taken=15)
    result.tally.add(judged(21, 22, 401, "revoked"))
    result.took_s["revoke", "in process"] = [0.12, 0.2, 0.13]
    written = section([result], seed=7, asked=3, date="2026-01-01 00:00 UTC", versions="commit abc")
    assert "Seeds 7 to 9.\n" in written
    fewer = section([result], seed=7, asked=1000, date="2026-01-01 00:00 UTC", versions="commit abc")
    assert "Seeds 7 to 9. Of 1,000 rounds asked for: the time was up.\n" in fewer
    assert "| **of these, allowed** | 0 |" in written
    assert "| revoke | 130, 200 (3) |" in written
