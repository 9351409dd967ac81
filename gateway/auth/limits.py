"""What is limited at checks: failures of a client network, and how often a token, or whoever may pass without, passes.

**Failures never lock a holder out.** What is limited is the answer to a failure: evidence that somebody holds the
token is not even looked at here. So nobody who shares a network with an attacker, or with a script whose token is
gone, notices. A token that matched and is expired, suspended or the like is no failure either.

Each worker counts for itself: of N workers, up to N times as much passes (docs/decisions/0005). Loop thread only.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

from gateway.core.decision import Allow, Decision, Deny
from gateway.core.evidence import Evidence, NotChecked, Rejected
from gateway.core.limits import Bucket, Buckets, Rate
from gateway.core.lru import Lru
from gateway.core.network import Address
from gateway.core.reason import Reason
from gateway.core.route import Route
from gateway.core.target import Target
from gateway.core.token import handle

TRACKED = 20_000
IPV6_NETWORK = 64  # bits: one household, or one host of many addresses
# What somebody presents who does not hold the token. `import_ended` is none: nothing was looked at.
FAILURES = frozenset({Reason.MALFORMED_TOKEN, Reason.UNKNOWN_TOKEN, Reason.WRONG_SECRET})


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """The limits in effect. None: not limited. `tracked`: how many of each sort are counted at once."""

    failures: Rate | None = None
    token: Rate | None = None
    tracked: int = TRACKED


UNLIMITED = RateLimits()


class CheckLimits:
    """Counts what is limited. One per worker. `clock`: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sized_for = UNLIMITED
        self.failures: Buckets[bytes] = Buckets(TRACKED)
        self.tokens: Buckets[tuple[str, str]] = Buckets(TRACKED)
        self.guests: Buckets[tuple[str, bytes]] = Buckets(TRACKED)  # apart: many networks must not crowd tokens out

    def counted(self) -> dict[str, Lru[Any, Any]]:
        """What is counted, by the name that the metrics have for it."""
        return {
            "failing_networks": self.failures.filled,
            "token_rates": self.tokens.filled,
            "network_rates": self.guests.filled,
        }

    def failed(self, reason: Reason, client: bytes, limits: RateLimits) -> int:
        """Count one failure of the client's `network`: 0, or the seconds to wait when it has failed too often."""
        if limits.failures is None or reason not in FAILURES:
            return 0
        if limits is not self._sized_for:
            self._size(limits)
        return math.ceil(self.failures.take(client, self._clock(), limits.failures))

    def judged(self, evidence: Evidence, address: Address | None, limits: RateLimits) -> Evidence:
        """The evidence; `limited` in place of a failure, when the client's network has failed too often."""
        if not isinstance(evidence, Rejected):
            return evidence
        wait_s = self.failed(evidence.reason, network(address), limits)
        return too_often(evidence, wait_s) if wait_s else evidence

    def held(self, decision: Decision, target: Target | None, limits: RateLimits, brand: str) -> Decision:
        """The decision; `limited` in place of an Allow, when the token, or the network, passed too often."""
        if not isinstance(decision, Allow) or (decision.route.rate is None and limits.token is None):
            return decision
        token = decision.token
        wait_s, detail = self.over(
            decision.route, None if token is None else token.id, None if target is None else target.address, limits
        )
        if not wait_s:
            return decision
        return Deny(
            reason=Reason.LIMITED,
            route=decision.route,
            detail=detail,
            handle="" if token is None else handle(brand, token.kind, token.id),
            proven=token is not None,
            retry_after_s=math.ceil(wait_s),
        )

    def over(
        self, route: Route, token_id: str | None, address: Address | None, limits: RateLimits
    ) -> tuple[float, str]:
        """Count one pass: 0, or how many seconds to wait, and nothing is counted; with what is limited, in words.

        `token_id` None: nobody is known, as on a public route; the client's network is counted.
        """
        now = self._clock()
        if limits is not self._sized_for:
            self._size(limits)
        if token_id is None:
            wait_s = self.guests.take((route.name, network(address)), now, route.rate) if route.rate else 0.0
            return wait_s, "the route's rate for one network"
        wait_s = self.tokens.take((route.name, token_id), now, route.rate) if route.rate else 0.0
        if wait_s or limits.token is None:
            return wait_s, "the route's rate for one token"
        wait_s = self.tokens.take(("", token_id), now, limits.token)
        if wait_s and route.rate:
            self.tokens.give_back((route.name, token_id), route.rate)
        return wait_s, "limits.token, on all routes together"

    def again(self, token_id: str, bucket: Bucket | None, rate: Rate) -> tuple[float, Bucket]:
        """As `over`, for a token on a route without a rate of its own, once `over` was asked by these limits.

        `bucket`: what this returned for the token before; then it need not be looked for.
        """
        if bucket is None or not self.tokens.is_kept(bucket):
            bucket = self.tokens.find(("", token_id))
        return bucket.take(self._clock(), rate), bucket

    def _size(self, limits: RateLimits) -> None:
        for buckets in (self.failures, self.tokens, self.guests):
            buckets.filled.capacity = limits.tracked
        self._sized_for = limits


def too_often(rejected: Rejected, wait_s: int) -> NotChecked:
    """What is answered in place of this refusal to a network that failed too often."""
    return NotChecked(
        reason=Reason.LIMITED,
        detail=f"the client's network failed too often; this time: {rejected.reason.value}",
        handle=rejected.handle,
        retry_after_s=wait_s,
    )


def network(address: Address | None) -> bytes:
    """What one client has: an IPv4 address, or the /64 of an IPv6 address. One for all whose address is not known."""
    if address is None:
        return b""
    return address.packed[: IPV6_NETWORK // 8] if isinstance(address, IPv6Address) else address.packed
