"""Metrics of several processes as one: counters add up, also those of processes that have ended.

A process reports its metrics as plain data. Nothing is shared between processes, and nothing of an ended one is left
but its counts: a scrape shows no gauge of the dead, and no counter ever falls.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector

Snapshot = Sequence[Mapping[str, Any]]
_LARGEST = ("_seconds", "_ratio", "_info")  # gauges that say nothing when they are added up


def snapshot(registry: CollectorRegistry) -> list[dict[str, Any]]:
    """All metrics of a registry as plain data."""
    return _plain(registry.collect())


class Totals(Collector):
    """The metrics of all processes, those alive and those that were."""

    def __init__(self) -> None:
        self._past: list[Snapshot] = []
        self._present: list[Snapshot] = []

    def bury(self, last: Snapshot) -> None:
        """Keep the counters of a process that has ended."""
        counted = [family for family in last if family["type"] in {"counter", "histogram"}]
        self._past = [_plain(_summed([*self._past, counted]))]

    def registry(self, present: Sequence[Snapshot]) -> CollectorRegistry:
        """A registry with everything, given what the living last reported."""
        self._present = list(present)
        made = CollectorRegistry()
        made.register(self)
        return made

    def collect(self) -> Iterable[Metric]:
        """The sums."""
        return _summed([*self._past, *self._present])


def _summed(snapshots: Sequence[Snapshot]) -> list[Metric]:
    families: dict[str, Metric] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    for family in (family for one in snapshots for family in one):
        name = family["name"]
        if name not in families:
            families[name] = Metric(name, family["help"], family["type"])
            values[name] = {}
        takes_largest = family["type"] == "info" or (family["type"] == "gauge" and name.endswith(_LARGEST))
        for sample, labels, value in family["samples"]:
            key = sample, tuple(sorted(labels.items()))
            known = values[name].get(key)
            if known is None:
                values[name][key] = value
            else:
                values[name][key] = max(known, value) if takes_largest else known + value
    for name, made in families.items():
        for (sample, labels), value in values[name].items():
            made.add_sample(sample, dict(labels), value)
    return list(families.values())


def _plain(families: Iterable[Metric]) -> list[dict[str, Any]]:
    return [
        {
            "name": one.name,
            "help": one.documentation,
            "type": one.type,
            "samples": [[sample.name, sample.labels, sample.value] for sample in one.samples],
        }
        for one in families
    ]
