"""A whole run of the benchmarks, as small as can be: that it runs, not what it measures."""

import os
from xml.etree import ElementTree as ET

import pytest

from bench.__main__ import TITLE, groups
from bench.plot import drawing
from bench.report import page
from bench.rows import Scale
from bench.run import run
from bench.servers import cores, on_core

TINY = Scale(
    tokens=20,
    routes=30,
    few_routes=10,
    rounds=1,
    round_s=0.05,
    latency_rounds=1,
    latency_s=0.1,
    starts=1,
    wrong_tokens=100,
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    before = os.sched_getaffinity(0)
    with on_core(cores()[1]):
        made = run(tmp_path_factory.mktemp("bench"), TINY, print)
    assert os.sched_getaffinity(0) == before
    return made


def test_every_row_was_answered_as_it_should_and_cost_something(results):
    rows = [row for table in results.tables for row in table.rows]
    assert len({row.key for row in rows}) == len(rows) == 35
    assert all(row.cpu_us > 0 and row.ratio > 0 for row in rows if row.key != "rest")
    assert {row.key for row in rows if not row.rss_mb} >= {"decide", "rest"}


def test_every_limit_was_measured(results):
    assert len(results.promises) == 9
    assert all(promise.measured > 0 for promise in results.promises)


def test_every_latency_has_its_percentiles(results):
    assert len(results.latencies) == 9
    for latency in results.latencies:
        assert 0 < latency.median.p50 <= latency.median.p95 <= latency.median.p99


def test_the_page_names_no_place_on_the_machine(results, tmp_path_factory):
    text = page(results, connections=32) + drawing(TITLE, groups(results))
    assert str(tmp_path_factory.getbasetemp()) not in text
    assert os.uname().nodename not in text


def test_the_drawing_shows_every_row_but_the_steps_of_one(results):
    dots = list(ET.fromstring(drawing(TITLE, groups(results))).iter("{http://www.w3.org/2000/svg}circle"))
    assert len(dots) == sum(len(table.rows) for table in results.tables) - 6
