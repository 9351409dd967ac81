"""Results as a run hands them over, small and made up."""

from bench.figures import Latency, Promise, Quantiles, Results, Row, Sample, Table


def samples(*cpu_us: float) -> tuple[Sample, ...]:
    """Rounds of a server that was always busy."""
    return tuple(Sample(cpu_us=one, busy=1.0) for one in cpu_us)


def a_row(key: str = "distinct", *, name: str = "", cpu_us: float = 20.0, base_us: float = 10.0, rss=(80.0,)) -> Row:
    """One row of one round."""
    return Row(key=key, name=name or key, samples=samples(cpu_us), baseline=samples(base_us), rss_mb=rss)


def a_latency(key: str = "quiet", *, p99: float = 900.0) -> Latency:
    """One latency of one round."""
    return Latency(key=key, name=f"latency {key}", rate_per_s=1_000, rounds=(Quantiles(p50=100.0, p95=500.0, p99=p99),))


def some_results(*, holds: bool = True) -> Results:
    """One of everything."""
    return Results(
        date="2026-11-22",
        versions=(("token-gateway", "0.1.0"), ("nginx", "1.22.1")),
        promises=(Promise(what="a repeated head", limit=1.25, measured=1.1 if holds else 1.3, unit="x"),),
        tables=(
            Table(
                title="A check",
                about="Asked directly.",
                ratio_to="nginx 204",
                rows=(
                    a_row("constant", name="nginx, `return 204`", cpu_us=10.0, rss=(7.0, 4.0)),
                    a_row("distinct", name="distinct URIs", cpu_us=1_234.5),
                ),
            ),
        ),
        latencies=(a_latency(),),
        took_s=300.0,
        others=0.034,
    )
