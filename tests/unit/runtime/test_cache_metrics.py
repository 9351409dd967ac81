"""The metrics of caches: every one has a name of its own, and the numbers are those of the moment."""

from prometheus_client import generate_latest

from gateway.auth.limits import CheckLimits
from gateway.core.lru import Lru
from gateway.runtime.metrics import Metrics
from tests.fakes import Clock


def shown(metrics: Metrics) -> list[str]:
    return [line for line in generate_latest(metrics.registry).decode().splitlines() if "_cache_" in line]


def test_a_cache_is_shown_with_what_it_knew_holds_and_forgot():
    metrics, lru = Metrics(), Lru[str, str](2)
    metrics.caches.add({"verified": lru})
    for key in ("a", "b", "c"):
        lru.put(key, key)
    lru.get("c")
    lru.get("a")
    lines = shown(metrics)
    for name, number in {"hits_total": 1, "misses_total": 1, "evictions_total": 1, "entries": 2, "capacity": 2}.items():
        assert f'token_gateway_cache_{name}{{cache="verified"}} {number}.0' in lines
    assert sum(line.startswith("# TYPE") for line in lines) == 5


def test_caches_that_are_added_apart_share_their_metrics(house):
    metrics = Metrics()
    metrics.caches.add(house.authenticator.caches())
    metrics.caches.add(CheckLimits(Clock()).counted())
    lines = shown(metrics)
    assert sum(line.startswith("# TYPE") for line in lines) == 5
    names = {line.split('"')[1] for line in lines if not line.startswith("#")}
    assert names == {
        *("verified", "refuted", "tokens", "owners", "unknown"),
        *("failing_networks", "token_rates", "network_rates"),
    }


async def test_one_check_is_one_hit_or_one_miss(house):
    _, presented = house.keep()
    for _ in range(3):
        await house.ask(presented)
    verified = house.authenticator.caches()["verified"]
    assert (verified.misses, verified.hits) == (1, 2)
