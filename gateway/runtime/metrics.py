"""The metrics, named by Prometheus convention. No label has a value per token, path or user."""

from collections import defaultdict
from collections.abc import Callable, Iterable, MutableMapping
from itertools import islice
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Info, Metric, disable_created_metrics
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from gateway import __version__
from gateway.core.reason import OUTSIDE, Reason
from gateway.runtime.cache_metrics import CacheMetrics
from gateway.runtime.totals import snapshot

ROUTES_AT_ONCE = 2000  # in one report: some milliseconds, in which no check is answered, would be too long


class Metrics:
    """Every metric of the process, in a registry of its own.

    `routes`: checks by the name of the route that they led to. They are no metric: there can be very many routes.
    """

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a start time beside every counter: noise that Prometheus does not ask for
        self.registry = CollectorRegistry()
        self._checks = _Checks()
        self.registry.register(self._checks)
        self._untrusted = Counter(
            "token_gateway_untrusted_peers_total",
            "Checks refused because their peer is not in trusted_proxies.",
            registry=self.registry,
        )
        self._reloads = Counter(
            "token_gateway_reloads_total", "Reloads of the configuration.", ("result",), registry=self.registry
        )
        Info("token_gateway_build", "Version of the gateway.", registry=self.registry).info({"version": __version__})
        self.routes: MutableMapping[str, int] = {}
        self.caches = CacheMetrics()
        self.registry.register(self.caches)

    def checked(self, dialect: str, reason: Reason) -> None:
        """Count one answered check."""
        self._checks.counted[dialect, reason] += 1

    def untrusted(self) -> None:
        """Count one check from a peer that may not ask."""
        self._untrusted.inc()

    def reloaded(self, *, ok: bool) -> None:
        """Count one reload."""
        self._reloads.labels("ok" if ok else "refused").inc()

    def take_routes(self) -> dict[str, int]:
        """The counts of some routes, which begin anew here: whoever takes them adds them up."""
        return {name: self.routes.pop(name) for name in list(islice(self.routes, ROUTES_AT_ONCE))}

    def snapshot(self) -> list[dict[str, Any]]:
        """All of it as plain data, for whoever adds up several processes."""
        return snapshot(self.registry)

    def gauge(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when the metrics are asked for."""
        Gauge(f"token_gateway_{name}", help_text, registry=self.registry).set_function(read)

    def counter(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        """Add a counter whose value is kept elsewhere, by somebody on the check path who counts in plain integers."""
        self.registry.register(_Read(f"token_gateway_{name}", help_text, read))


class _Checks(Collector):
    """Plain integers, for one thread: a metric with a lock costs ten times as much."""

    def __init__(self) -> None:
        self.counted: defaultdict[tuple[str, Reason], int] = defaultdict(int)

    def collect(self) -> Iterable[Metric]:
        checks = CounterMetricFamily(
            "token_gateway_checks",
            "Checks answered, by dialect, reason code and status (nginx reads 403 for all but 200 and 401).",
            labels=("dialect", "reason", "status"),
        )
        for (dialect, reason), count in self.counted.items():
            checks.add_metric((dialect, reason.value, str(OUTSIDE[reason].status)), count)
        yield checks


class _Read(Collector):
    def __init__(self, name: str, help_text: str, read: Callable[[], float]) -> None:
        self._name, self._help, self._read = name, help_text, read

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily(self._name, self._help, value=self._read())
