"""What was measured, as values, and the little statistics that it takes. Pure: no clock, no process, no socket."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Literal

Unit = Literal["x", "MB", "s"]


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: the least value that at least `percent` of all do not exceed. ValueError: none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One round of one row: CPU time of the server's processes for one check, and how busy they were meanwhile."""

    cpu_us: float
    busy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table. `baseline` is what it is compared with, measured in the same rounds.

    `rss_mb`: resident memory of the server's processes after the row, check workers first, each kind the largest first;
    empty where it says nothing.
    """

    key: str
    name: str
    samples: tuple[Sample, ...]
    baseline: tuple[Sample, ...]
    rss_mb: tuple[float, ...] = ()

    @property
    def cpu_us(self) -> float:
        """The median round, in microseconds."""
        return median(sample.cpu_us for sample in self.samples)

    @property
    def busy(self) -> float:
        """How much of one core the server used, in the median round."""
        return median(sample.busy for sample in self.samples)

    @property
    def ratio(self) -> float:
        """The median of the rounds' own ratios: what disturbs a whole round disturbs both sides of it."""
        pairs = zip(self.samples, self.baseline, strict=True)
        return median(sample.cpu_us / base.cpu_us for sample, base in pairs)


def ratio_of(row: Row, other: Row) -> float:
    """The median of the rounds' ratios of two rows that were measured in the same rounds."""
    return median(one.cpu_us / two.cpu_us for one, two in zip(row.samples, other.samples, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    """Latencies of one round, in microseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, latencies_s: Sequence[float]) -> "Quantiles":
        """From latencies in seconds. ValueError when there are none."""
        p50, p95, p99 = (percentile(latencies_s, percent) * 1e6 for percent in (50, 95, 99))
        return cls(p50=p50, p95=p95, p99=p99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Latencies at a constant rate, a value for each round."""

    key: str
    name: str
    rate_per_s: int
    rounds: tuple[Quantiles, ...]

    @property
    def median(self) -> Quantiles:
        """Each percentile in its median round."""
        return Quantiles(
            p50=median(one.p50 for one in self.rounds),
            p95=median(one.p95 for one in self.rounds),
            p99=median(one.p99 for one in self.rounds),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """One figure that has to stay below a limit. `why`: where the time goes, should it be above."""

    what: str
    limit: float
    measured: float
    unit: Unit
    why: str = ""

    @property
    def holds(self) -> bool:
        """Whether it does, to the digits that the page shows."""
        return round(self.measured, 2) <= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows that belong together, and what their ratio is to. `is_drawn`: whether the drawing shows them, too."""

    title: str
    about: str
    ratio_to: str
    rows: tuple[Row, ...]
    is_drawn: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Everything of one run. `others`: the part of the machine's CPU time that went to other programs meanwhile."""

    date: str
    versions: tuple[tuple[str, str], ...]
    promises: tuple[Promise, ...]
    tables: tuple[Table, ...]
    latencies: tuple[Latency, ...]
    took_s: float
    others: float
