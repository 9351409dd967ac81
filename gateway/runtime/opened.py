"""One installation, opened by one process: its store, followed by a lease, and the authenticator on top of both.

A check worker and the portal each stand on one of these; in a single process they share it.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog

from gateway.auth.authenticate import Authenticator
from gateway.auth.cache import TokenStates
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import KeyRing
from gateway.auth.lease import Lease, StaleError, boot_clock
from gateway.auth.rt.failures import Failures
from gateway.auth.rt.tokens import RtTokens
from gateway.auth.token_index import TokenIndex
from gateway.runtime.essentials import Essentials
from gateway.runtime.metrics import Metrics
from gateway.store import Store
from gateway.web.ops.readiness import Readiness

log = structlog.get_logger("gateway")

RT_THREADS, RT_QUEUE = 1, 8  # bcrypt takes up to seconds a value: never more than one core, and nobody waits long
TOKEN_THREADS, TOKEN_QUEUE = 2, 128  # a place waits at most about 0.3 s at 5 ms a hash


class StartError(Exception):
    """The gateway cannot start; one line that says why and what to type."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The opened parts. Whoever opened them closes them, by the stack that was given, after `authenticator.close`."""

    store: Store
    keyring: KeyRing
    pool: HashPool
    lease: Lease
    authenticator: Authenticator


async def open_installation(
    essentials: Essentials, keyring: KeyRing, metrics: Metrics, stack: contextlib.AsyncExitStack
) -> Opened:
    """Open the store and its feed, and put the authenticator together; `stack` closes what was opened.

    StoreError; StartError for a key that the store does not know.
    """
    store = await Store.open(essentials.store_url, now=now, keys=keyring.keys, brand=essentials.brand)
    stack.push_async_callback(store.close)
    _refuse_unregistered_key(essentials, keyring, store)
    feed = store.follow()
    stack.callback(feed.close)
    pool = HashPool(threads=TOKEN_THREADS, queue=TOKEN_QUEUE, name="argon2-token")
    stack.callback(pool.close)
    states = TokenStates(essentials.cached_tokens, index=TokenIndex(store, boot_clock))
    lease = Lease(
        feed,
        bound_s=store.meta.bound_s,
        serve_cached_for_s=store.meta.serve_cached_for_s,
        apply=states.apply,
    )
    lease.renew()
    rt_pool = HashPool(threads=RT_THREADS, queue=RT_QUEUE, name="bcrypt-rt")
    stack.callback(rt_pool.close)
    authenticator = Authenticator(
        store=store,
        lease=lease,
        states=states,
        keyring=keyring,
        pool=pool,
        brand=essentials.brand,
        fault=lambda words: log.error("token not usable", detail=words),
        rt=RtTokens(
            store=store,
            keyring=keyring,
            pool=rt_pool,
            failures=Failures(boot_clock),
            clock=boot_clock,
            fault=lambda words: log.warning("token not marked", detail=words),
            size=essentials.cached_tokens,
        ),
        verified=essentials.cached_tokens,
    )
    metrics.gauge("hashing_queue", "Hashes running and waiting.", lambda: pool.held)
    metrics.gauge("lease_age_seconds", "Age of the last complete poll of the change feed.", lambda: lease.age_s)
    metrics.caches.add(authenticator.caches())
    metrics.counter("verified_cache_hits", "Checks answered without a hash.", lambda: authenticator.hits)
    metrics.counter("verified_cache_misses", "Checks that had to look further.", lambda: authenticator.misses)
    return Opened(store=store, keyring=keyring, pool=pool, lease=lease, authenticator=authenticator)


async def refuse_unusable(essentials: Essentials, keyring: KeyRing) -> None:
    """Open the store once, which migrates an older one, and close it; raises what `open_installation` would.

    For the parent of several processes, so that they all find it usable, and none of them loads the migrations.
    """
    store = await Store.open(essentials.store_url, now=now, keys=keyring.keys, brand=essentials.brand)
    try:
        _refuse_unregistered_key(essentials, keyring, store)
    finally:
        await store.close()


def readiness(lease: Lease, *, accepting: bool) -> Readiness:
    """Whether requests can be answered now, on this lease."""
    try:
        lease.renew()
    except StaleError:
        return Readiness(accepting=accepting, store=False)
    return Readiness(accepting=accepting, store=lease.is_current, cached=not lease.is_current)


now: Final[Callable[[], datetime]] = partial(datetime.now, UTC)  # the clock of the process, in C for every check


def _refuse_unregistered_key(essentials: Essentials, keyring: KeyRing, store: Store) -> None:
    """Refuse a key that the store does not know: a wrong file would cost an argon2 for every wrong guess."""
    if keyring.current.id not in store.meta.keys:
        raise StartError(
            f"key {keyring.current.id} of {essentials.key_file} is not registered with the store; "
            "`token-gateway key register` does that, if the file is the right one"
        )
