"""The use case of a service that is presented a token and asks what it is worth (RFC 7662).

Its answer is about a token by itself: routes are the proxies' affair. It is no use of the token, and ends none: neither
a secret that waits for the first use of a newer one, nor a token that was idle for too long.
"""

from gateway.auth.authenticate import Authenticator
from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without
from gateway.auth.refusals import Refusals
from gateway.core.by_itself import at_itself, broken_by_itself
from gateway.core.decision import Deny
from gateway.core.evidence import NotChecked, Proven
from gateway.core.network import Address
from gateway.core.policy import Policy
from gateway.core.power import Actor
from gateway.core.reason import Reason
from gateway.core.token import handle


async def introspect(
    desk: Desk,
    policy: Policy,
    authenticator: Authenticator,
    *,
    actor: Actor,
    presented: bytes,
    client: Address | None,
    host: str,
    address: Address | None,
    refusals: Refusals,
) -> Proven | NotChecked | None:
    """The token, if it may be used now at this host by the client at this address; None for whatever else it is.

    A token that names networks or hosts is worth nothing where the client's address or the host is not known: a service
    that does not tell them cannot look at them either. Tokens of Request Tracker are worth something on routes alone.
    `address`: of who asks, whose network waits for hashes in a lane of its own. An unknown id costs what a known one
    does. A secret past its grace is in the audit as one that was used: a service heard it from somebody.
    """
    refuse_without(desk, actor, "introspect", what="ask about tokens")
    evidence = await authenticator.authenticate(presented, address=address)
    if isinstance(evidence, Proven):
        now = desk.now()
        broken = broken_by_itself(policy, evidence, address=client, host=host, now=now)
        if broken is Reason.STALE_SECRET:
            named = handle(policy.brand, evidence.token.kind, evidence.token.id)
            refusals.refused(Deny(reason=broken, handle=named, proven=True), at_itself(client, host), now)
        return evidence if broken is None else None
    return evidence if isinstance(evidence, NotChecked) else None
