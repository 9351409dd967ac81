"""What the use cases for people work with: one opened installation."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.auth.hashing import HashPool
from gateway.auth.keyring import Key, KeyRing
from gateway.auth.refused import Refused
from gateway.config import Settings
from gateway.store import Store, StoreError, StoreMeta

MARGIN_S = 0.010  # beyond the store's bound, for the difference between clocks that count the same seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """The store, the keys and the settings of one installation, and the clock. Built by the CLI and by `runtime`.

    `waits`: whether use cases return only when what they took away is effective everywhere.
    """

    store: Store
    keyring: KeyRing
    hashing: HashPool
    settings: Settings
    now: Callable[[], datetime]
    waits: bool = True

    def signing_key(self) -> Key:
        """The key that new secrets are tagged with. Refused when the store does not know it."""
        key = self.keyring.current
        if self.store.meta.keys.get(key.id) != key.check:
            raise Refused(
                "key_not_registered",
                message=f"key {key.id} of {self.settings.key_file} is not registered with the store",
                mend="`token-gateway key register` does that, if the file is the right one",
            )
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How far a change has come when its use case returns.

    `waited_s`: how long ago it was committed. `everywhere_by`: until when the old state may be used, since nobody
    waited, or by hosts that cannot reach the store (`serve_cached_for`); None when it is effective everywhere now.
    """

    waited_s: float
    everywhere_by: datetime | None


async def effective(desk: Desk) -> Effect:
    """Return when no check that begins from now on can see the state before a change; call it right after the commit.
    At once, with the time when that will be, at a desk that does not wait.

    Every worker uses cached state for at most the store's bound after its last complete poll of the feed.
    """
    committed = time.monotonic()
    wait_s = desk.store.meta.bound_s + MARGIN_S
    meta = await _meta(desk)
    ends = [desk.now() + timedelta(seconds=wait_s + meta.serve_cached_for_s)] if meta.serve_cached_for_s else []
    if meta.cached_until is not None and meta.cached_until + timedelta(seconds=wait_s) > desk.now():
        ends.append(meta.cached_until + timedelta(seconds=wait_s))
    if not desk.waits:
        ends.append(desk.now() + timedelta(seconds=wait_s))
        return Effect(waited_s=0.0, everywhere_by=max(ends))
    await asyncio.sleep(max(0.0, committed + wait_s - time.monotonic()))
    return Effect(waited_s=time.monotonic() - committed, everywhere_by=max(ends, default=None))


async def _meta(desk: Desk) -> StoreMeta:
    """The store's values of this moment, which another process may have set; should it be away, as last known."""
    try:
        return await desk.store.load_meta()
    except StoreError:
        return desk.store.meta
