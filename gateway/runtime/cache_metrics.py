"""What the caches hold and how often they knew the answer: one metric each, labelled with the cache's name."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.core.lru import Lru

Caches = Mapping[str, Lru[Any, Any]]


class CacheMetrics(Collector):
    """Reads the caches when the metrics are asked for; the check path counts in plain integers."""

    def __init__(self) -> None:
        self._caches: dict[str, Lru[Any, Any]] = {}

    def add(self, caches: Caches) -> None:
        """Show these, too. Names are fixed in the program: no label comes from outside."""
        self._caches.update(caches)

    def collect(self) -> Iterable[Metric]:
        """The five families."""
        hits = CounterMetricFamily("token_gateway_cache_hits", "What a cache knew.", labels=("cache",))
        misses = CounterMetricFamily("token_gateway_cache_misses", "What a cache did not know.", labels=("cache",))
        evictions = CounterMetricFamily(
            "token_gateway_cache_evictions", "Forgotten for want of room.", labels=("cache",)
        )
        entries = GaugeMetricFamily("token_gateway_cache_entries", "What a cache holds.", labels=("cache",))
        capacity = GaugeMetricFamily("token_gateway_cache_capacity", "What it may hold.", labels=("cache",))
        for name, cache in self._caches.items():
            hits.add_metric((name,), cache.hits)
            misses.add_metric((name,), cache.misses)
            evictions.add_metric((name,), cache.evictions)
            entries.add_metric((name,), len(cache))
            capacity.add_metric((name,), cache.capacity)
        return hits, misses, evictions, entries, capacity
