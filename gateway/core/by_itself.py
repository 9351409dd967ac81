"""A token by itself: asked for all that every route asks of a token, and for nothing that only some do.

That is what counts where a token acts in the gateway, and what an introspection tells. Pure.
"""

from datetime import datetime

from gateway.core.evidence import Proven
from gateway.core.network import Address
from gateway.core.patterns import PathPattern
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.route import Access, Match, Route
from gateway.core.rules import RULES, Case
from gateway.core.target import Reading, Target

_ANY_TOKEN = Match(
    Route(index=0, name="api", line=0, hosts=("*",), paths=(PathPattern.parse("/**"),), access=Access.AUTHENTICATED),
    None,
)


def at_itself(address: Address | None, host: str) -> Target:
    """A request to the gateway itself."""
    return Target(
        method="GET",
        host=host,
        readings=(Reading(("",)),),
        leniences=frozenset(),
        query=b"",
        path="/",
        address=address,
    )


def broken_by_itself(
    policy: Policy, proven: Proven, *, address: Address | None, host: str | None, now: datetime
) -> Reason | None:
    """The rule that the token breaks, at this canonical host and from this address; None when it may be used.

    `host` None: whatever its hosts are. A token that names hosts or networks breaks its rule where they are not known.
    """
    case = Case(policy, at_itself(address, host or ""), _ANY_TOKEN, proven, now)
    for rule in RULES:
        broken = None if rule.name == "host" and host is None else rule.broken(case)
        if broken is not None:
            return broken
    return None
