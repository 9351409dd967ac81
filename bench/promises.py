"""The limits that the gateway was built to, each next to what was measured. Pure."""

from collections.abc import Sequence

from bench.answers import ASKING, LANE, MANY, SIEGE, WRONG
from bench.figures import Latency, Promise, Row, Unit, ratio_of


def promises(rows: Sequence[Row], latencies: Sequence[Latency], start_s: float) -> tuple[Promise, ...]:
    """All of them. KeyError when a row was not measured: none is left out in silence."""
    by_key = {row.key: row for row in rows}
    calm, siege = (next(one for one in latencies if one.key == key).median.p99 for key in ("quiet", "siege"))
    ratio: Unit = "x"
    inside = sum(row.cpu_us for row in rows if row.key.startswith("step-"))
    lane = LANE.format(
        nginx=_us(by_key["constant"].cpu_us),
        whole=_us(by_key["distinct"].cpu_us),
        steps=_us(inside),
        rest=_us(by_key["rest"].cpu_us),
    )
    floor = f"{by_key['nginx-floor'].ratio:.2f}"
    asking = f"{by_key['nginx-gateway'].cpu_us - by_key['nginx-floor'].cpu_us:.0f} us"
    listed: tuple[tuple[str, float, float, Unit, str], ...] = (
        (
            "fast lane, the same head again and again, to nginx `return 204`",
            1.25,
            by_key["repeated"].ratio,
            ratio,
            lane,
        ),
        ("fast lane, distinct URIs, to nginx `return 204`", 2.0, by_key["distinct"].ratio, ratio, lane),
        (
            "with many routes and tokens, to few routes and one token",
            1.2,
            ratio_of(by_key["both"], by_key["distinct-again"]),
            ratio,
            MANY,
        ),
        (
            "nginx with the gateway, to the same nginx without auth",
            2.1,
            by_key["nginx-gateway"].ratio,
            ratio,
            ASKING.format(floor=floor, asking=asking),
        ),
        (
            "nginx with the gateway, to the same nginx with `auth_basic`, apr1",
            0.6,
            ratio_of(by_key["nginx-gateway"], by_key["nginx-apr1"]),
            ratio,
            ASKING.format(floor=floor, asking=asking),
        ),
        (
            "wrong tokens, unknown ids, from one network, to nginx `return 204`",
            3.0,
            by_key["unknown"].ratio,
            ratio,
            WRONG,
        ),
        ("p99 of valid checks under 1,000 wrong secrets a second, to the quiet p99", 2.0, siege / calm, ratio, SIEGE),
        (
            "resident memory of a check worker, few routes, many cached tokens",
            100,
            by_key["worker"].rss_mb[0],
            "MB",
            "",
        ),
        ("start of `serve` to the first answered check, few routes", 1.5, start_s, "s", ""),
    )
    return tuple(
        Promise(what=what, limit=limit, measured=got, unit=unit, why=why) for what, limit, got, unit, why in listed
    )


def _us(value: float) -> str:
    return f"{value:.1f} us"
