"""The head of the audit chain, told in the log at the start, every hour, and at the end.

A log that is kept elsewhere then shows when the audit was cut short: `audit verify --against` takes these lines.
"""

import asyncio
import contextlib

import structlog

from gateway.auth.audit_export import HEAD_EVENT, SHORTEST_MAC
from gateway.store import Store, StoreError

log = structlog.get_logger("gateway")

INTERVAL_S = 3600.0


class AuditHeads:
    """Tells the head of one store's audit."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def tell(self) -> None:
        """Tell it once."""
        try:
            head = await self._store.audit_head()
        except StoreError as error:
            log.warning("audit head not read", detail=str(error))
            return
        log.info(HEAD_EVENT, seq=head.seq, mac=head.mac.hex()[:SHORTEST_MAC], epoch=head.epoch)

    async def run(self, stop: asyncio.Event) -> None:
        """Tell it now and every hour, until `stop` is set."""
        while not stop.is_set():
            await self.tell()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), INTERVAL_S)
