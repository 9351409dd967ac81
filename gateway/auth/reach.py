"""The use case behind `token reach`: which routes a token opens, from the very functions that decide checks.

There is no second implementation: for each route, requests are made up that it stands for, and decided as if the
token's current secret had come with them. What depends on more than the route (an earlier one takes some of its paths)
is told of the request that was made up; `explain` answers for one that is known.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from itertools import islice, product

from gateway.auth.desk import Desk
from gateway.auth.power import refuse_without_scope
from gateway.auth.reach_requests import Judge, samples
from gateway.auth.token_known import known_token, read_reference
from gateway.config.compile import compile_permissions
from gateway.core.decision import Allow, Decision
from gateway.core.evidence import Proven
from gateway.core.network import Address, Network, Networks
from gateway.core.policy import Policy
from gateway.core.power import Actor, power
from gateway.core.reason import Reason
from gateway.core.route import Access, Route

SCANNED = 200  # routes of one page at most; after each, others on the loop have their turn
MAX_ASKED = 2_000  # decisions after which a page ends: some 40 ms of work, whatever the token's networks are
MAX_SAMPLES = 24  # made-up requests for one route, until one of them is decided by it
MAX_BLOCKS = 64  # networks that are tried, from which a token may open a route
# Of clients that no route names: from there, a route is decided about that stands behind one with `from`.
ANYWHERE = (IPv4Address("203.0.113.77"), IPv6Address("2001:db8:ffff::77"))
_OF_ADDRESS = frozenset({Reason.NETWORK, Reason.NO_ADDRESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One route, and whether the token opens it.

    `opens`: from the address that was asked about. `opens_from`: the networks from which it does, where no earlier
    route decides; None: from anywhere. `reason`: why it opens, or does not; None when that is since another route,
    `decided_by`, decides from that address, or from any. `sample`: the request that was decided.
    """

    route: Route
    opens: bool
    reason: Reason | None
    opens_from: tuple[Network, ...] | None
    sample: str
    decided_by: Route | None = None

    @property
    def is_of_use(self) -> bool:
        """Whether it opens from some address."""
        return self.opens or self.opens_from is None or bool(self.opens_from)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Some of the routes, in file order. `after`: the index after which the next ones stand; None at the end.

    `is_whole`: every route is told; else only those that the token opens from somewhere.
    """

    routes: tuple[Reached, ...]
    after: int | None
    is_whole: bool


async def token_reach(
    desk: Desk,
    policy: Policy,
    *,
    actor: Actor,
    reference: str,
    address: Address | None = None,
    after: int = -1,
    limit: int = SCANNED,
) -> Reach:
    """Which routes a token opens, from `address` (None: one that is not known). Refused `not_found`.

    Who lacks the permission `explain` is told of routes that it opens, and of no other: those are none of its business.
    A page holds at most `limit` routes, and may hold fewer though there are more.
    """
    refuse_without_scope(actor)
    record = await known_token(desk, actor, reference, await desk.store.load_token(read_reference(desk, reference)))
    proven = Proven.of(record, next(one for one in record.secrets if one.ends_at is None))
    is_whole = "explain" in power(compile_permissions(desk.settings.permissions), actor)
    routes = policy.table.routes
    found: list[Reached] = []
    at = max(after + 1, 0)
    judge = Judge(policy, proven, desk.now())
    for route in routes[at : at + SCANNED]:
        await asyncio.sleep(0)
        one = reached(judge, route, address)
        if is_whole:
            found.append(one)
        elif one.is_of_use:
            found.append(replace(one, decided_by=None))
        at = route.index + 1
        if len(found) == limit or judge.asked >= MAX_ASKED:
            break
    return Reach(routes=tuple(found), after=at - 1 if at < len(routes) else None, is_whole=is_whole)


def reached(judge: Judge, route: Route, address: Address | None) -> Reached:
    """Whether the token opens the route."""
    proven = judge.proven
    blocks = _blocks(_demanded(route, proven))
    missed: Reached | None = None
    for sample in islice(samples(route, proven), MAX_SAMPLES):
        here = judge.decide(sample, address)
        there = [judge.decide(sample, probe) for probe in _probes(blocks, here, route)]
        landed = next((one for one in (here, *there) if one.route is route), None)
        decided_by = None if here.route is route else here.route
        if landed is not None:
            return Reached(
                route=route,
                opens=_opens(here, route),
                reason=_reason(here, landed, route, address),
                opens_from=_opens_from(blocks, here, there, route),
                sample=str(sample),
                decided_by=decided_by,
            )
        missed = missed or Reached(
            route=route, opens=False, reason=None, opens_from=(), sample=str(sample), decided_by=decided_by
        )
    assert missed is not None  # every route has a sample
    return missed


def _probes(blocks: Sequence[Network] | None, here: Decision, route: Route) -> Sequence[Address]:
    """From which addresses the same request has to be decided, too: from none, when the address makes no difference."""
    if blocks is None:
        return () if here.route is route else ANYWHERE
    if here.route is route and not isinstance(here, Allow) and here.reason not in _OF_ADDRESS:
        return ()
    return [block.network_address for block in blocks]


def _opens(decision: Decision, route: Route) -> bool:
    return isinstance(decision, Allow) and decision.route is route


def _opens_from(
    blocks: Sequence[Network] | None, here: Decision, there: Sequence[Decision], route: Route
) -> tuple[Network, ...] | None:
    """The networks whose decision it is that it opens; where none is asked for, anywhere or nowhere."""
    if blocks is None:
        return None if any(_opens(one, route) for one in (here, *there)) else ()
    return tuple(block for block, one in zip(blocks, there, strict=False) if _opens(one, route))


def _reason(here: Decision, landed: Decision, route: Route, address: Address | None) -> Reason | None:
    """Why the route opens or not, when a request from `address` may have gone to another one, or to none."""
    if here.route is route:
        return here.reason
    if not isinstance(landed, Allow):
        return landed.reason
    if here.route is not None:
        return None
    return Reason.NO_ADDRESS if address is None else Reason.NETWORK


def _demanded(route: Route, proven: Proven) -> list[Networks | None]:
    """Which networks a request has to come from. A public route asks nothing of the token."""
    of_token = [] if route.access is Access.PUBLIC else [proven.token.networks, route.networks]
    return [route.sources, *of_token]


def _blocks(demands: list[Networks | None]) -> tuple[Network, ...] | None:
    """The networks that lie in all of these; None when nothing is demanded. Each is decided about by a request."""
    found: list[Network] | None = None
    for networks in demands:
        if networks is None:
            continue
        members = list(networks.blocks())[:MAX_BLOCKS]
        found = members if found is None else list(_overlaps(found, members))[:MAX_BLOCKS]
    return None if found is None else tuple(dict.fromkeys(found))


def _overlaps(some: list[Network], others: list[Network]) -> Iterator[Network]:
    """Of each two networks that have addresses in common, the smaller: it lies in the other."""
    for one, other in product(some, others):
        if one.version == other.version and one.overlaps(other):
            yield max(one, other, key=lambda network: network.prefixlen)
