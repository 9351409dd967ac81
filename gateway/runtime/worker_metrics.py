"""Metrics about the processes themselves: which of them answer, how often they were restarted, what they use."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector


class Process(Protocol):
    """What is told of a process."""

    @property
    def name(self) -> str:
        """`worker-1`, `worker-2`, ..., `portal`."""
        ...

    @property
    def restarts(self) -> int:
        """How often it was started again."""
        ...

    @property
    def generation(self) -> int:
        """The number of the configuration that it uses; 0 while it does not answer."""
        ...


def register(registry: CollectorRegistry, processes: Sequence[Process]) -> None:
    """Add them; they are read when the metrics are asked for."""
    registry.register(_Processes(processes))


class _Processes(Collector):
    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes

    def collect(self) -> Iterable[Metric]:
        up = GaugeMetricFamily("token_gateway_process_up", "1: the process answers.", labels=["process"])
        restarts = CounterMetricFamily(
            "token_gateway_process_restarts", "How often the process was started again.", labels=["process"]
        )
        generation = GaugeMetricFamily(
            "token_gateway_process_configuration",
            "Number of the configuration that the process uses; it grows with each reload.",
            labels=["process"],
        )
        for one in self._processes:
            up.add_metric([one.name], 1.0 if one.generation else 0.0)
            restarts.add_metric([one.name], one.restarts)
            generation.add_metric([one.name], one.generation)
        return up, restarts, generation
