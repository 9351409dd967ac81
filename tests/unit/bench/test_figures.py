"""The statistics of the benchmarks."""

import pytest

from bench.figures import Latency, Promise, Quantiles, Row, ratio_of
from bench.rows import alone, parts
from tests.unit.bench.results import a_row, samples


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (95, 95), (99, 99), (100, 100), (0.1, 1)])
def test_percentile_is_the_nearest_rank(percent, expected):
    from bench.figures import percentile

    assert percentile([float(value) for value in range(100, 0, -1)], percent) == expected


def test_percentile_of_a_single_value_is_that_value():
    assert Quantiles.of([0.002]) == Quantiles(p50=2_000.0, p95=2_000.0, p99=2_000.0)


def test_there_is_no_percentile_of_nothing():
    with pytest.raises(ValueError, match="no values"):
        Quantiles.of([])


def test_the_figure_of_a_row_is_its_median_round():
    assert Row(key="k", name="n", samples=samples(30, 10, 500), baseline=samples(10, 10, 10)).cpu_us == 30


def test_a_ratio_pairs_rounds_so_that_a_slow_minute_does_not_count():
    # Twice as slow in the third round, both of them: the quotient of the medians would be 20 / 11.
    row = Row(key="k", name="n", samples=samples(20, 22, 40), baseline=samples(10, 11, 20))
    assert row.ratio == 2.0


def test_rounds_that_were_not_measured_together_are_not_compared():
    with pytest.raises(ValueError, match="shorter"):
        _ = Row(key="k", name="n", samples=samples(20, 22), baseline=samples(10)).ratio


def test_rows_of_the_same_rounds_are_compared_with_each_other():
    assert ratio_of(a_row(cpu_us=30), a_row(cpu_us=20)) == 1.5


def test_each_percentile_of_a_latency_is_its_own_median():
    rounds = tuple(Quantiles(p50=p50, p95=p95, p99=p99) for p50, p95, p99 in ((1, 30, 5), (2, 10, 50), (3, 20, 500)))
    latency = Latency(key="k", name="n", rate_per_s=1, rounds=rounds)
    assert latency.median == Quantiles(p50=2, p95=20, p99=50)


@pytest.mark.parametrize(("measured", "holds"), [(1.0, True), (1.25, True), (1.254, True), (1.26, False)])
def test_a_limit_holds_to_the_digits_that_are_shown(measured, holds):
    assert Promise(what="w", limit=1.25, measured=measured, unit="x").holds is holds


def test_what_no_step_accounts_for_is_the_rest_of_the_row():
    whole = Row(key="distinct", name="n", samples=samples(20, 30), baseline=samples(10, 10), rss_mb=(80.0,))
    steps = [alone(key, key, [4, 5], whole.baseline) for key in ("head", "route")]
    *listed, rest = parts(whole, steps)
    assert listed == steps
    assert [sample.cpu_us for sample in rest.samples] == [12, 20]
    assert sum(row.cpu_us for row in (*steps, rest)) == whole.cpu_us == 25
    assert rest.rss_mb == ()
