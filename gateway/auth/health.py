"""The use case behind the page about the gateway itself: its processes, its store, its audit, its mails.

Who may ask why a request passes may see whether what decides it is well.
"""

from dataclasses import dataclass

from gateway.auth.census import Ask, Census
from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without
from gateway.core.power import Actor
from gateway.store import AuditHead, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the gateway is. `census` None: who watches the processes does not answer. `mails_waiting` None: no mail."""

    census: Census | None
    store: Summary
    audit_head: AuditHead
    bound_s: float
    serve_cached_for_s: float
    mails_waiting: int | None


async def see_health(desk: Desk, *, actor: Actor, ask: Ask) -> Health:
    """How the gateway is at this moment. Refused `permission`."""
    refuse_without(desk, actor, "explain", what="see how the gateway is")
    meta = await desk.store.load_meta()
    return Health(
        census=await ask(),
        store=await desk.store.summary(),
        audit_head=await desk.store.audit_head(),
        bound_s=meta.bound_s,
        serve_cached_for_s=meta.serve_cached_for_s,
        mails_waiting=None if desk.settings.mail is None else await desk.store.mails_waiting(),
    )
