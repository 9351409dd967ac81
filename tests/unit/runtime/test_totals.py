"""Metrics of several processes are one: sums that never fall, and no gauge of the dead."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from gateway.runtime.totals import Totals, snapshot


def a_process(checks=0, open_now=0, age=0.0):
    registry = CollectorRegistry()
    Counter("checks", "C.", ("reason",), registry=registry).labels("token").inc(checks)
    Gauge("open", "O.", registry=registry).set(open_now)
    Gauge("lease_age_seconds", "A.", registry=registry).set(age)
    Histogram("wait_seconds", "W.", buckets=(1.0,), registry=registry).observe(0.5)
    return snapshot(registry)


def shown(totals, *present):
    lines = generate_latest(totals.registry(present)).decode().splitlines()
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines if not line.startswith("#")}


def test_counters_and_gauges_add_up_and_of_ages_the_largest_is_shown():
    values = shown(Totals(), a_process(3, 2, 0.5), a_process(4, 1, 7.0))
    assert values['checks_total{reason="token"}'] == 7
    assert values["open"] == 3
    assert values["lease_age_seconds"] == 7.0
    assert values["wait_seconds_count"] == 2


def test_what_an_ended_process_counted_stays_and_its_gauges_go():
    totals = Totals()
    for _ in range(3):
        totals.bury(a_process(5, 9, 9.0))
    values = shown(totals, a_process(1, 2, 0.5))
    assert values['checks_total{reason="token"}'] == 16
    assert values["wait_seconds_count"] == 4
    assert (values["open"], values["lease_age_seconds"]) == (2, 0.5)


def test_with_nobody_alive_only_counts_are_shown():
    totals = Totals()
    totals.bury(a_process(5, 9))
    assert not {"open", "lease_age_seconds"} & set(shown(totals))
    assert shown(totals)['checks_total{reason="token"}'] == 5
