"""The use case of a service that is presented a token and asks what it is worth (RFC 7662).

Its answer is about a token by itself: routes are the proxies' affair. It is no use of the token, and ends none: neither
a secret that waits for the first use of a newer one, nor a token that was idle for too long.
"""

from gateway.auth.authenticate import Authenticator
from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without
from gateway.core.by_itself import broken_by_itself
from gateway.core.evidence import NotChecked, Proven
from gateway.core.network import Address
from gateway.core.policy import Policy
from gateway.core.power import Actor


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
) -> Proven | NotChecked | None:
    """The token, if it may be used now at this host by the client at this address; None for whatever else it is.

    A token that names networks or hosts is worth nothing where the client's address or the host is not known: a service
    that does not tell them cannot look at them either. Tokens of Request Tracker are worth something on routes alone.
    `address`: of who asks, whose network waits for hashes in a lane of its own. An unknown id costs what a known one
    does.
    """
    refuse_without(desk, actor, "introspect", what="ask about tokens")
    evidence = await authenticator.authenticate(presented, address=address)
    if isinstance(evidence, Proven):
        broken = broken_by_itself(policy, evidence, address=client, host=host, now=desk.now())
        return evidence if broken is None else None
    return evidence if isinstance(evidence, NotChecked) else None
