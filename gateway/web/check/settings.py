"""What checks are judged by: the part of the configuration that they need, and the target of a check under it."""

from dataclasses import dataclass

from gateway.auth.limits import UNLIMITED, RateLimits
from gateway.core.decision import Deny
from gateway.core.headers import Headers
from gateway.core.network import Networks
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.target import Malformed, Target, parse_target
from gateway.web.check.dialect import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """What a check needs of the configuration. Replaced whole at a reload.

    `portal`: where people make tokens of their own, for the page that a refused browser sees; empty: nowhere.
    """

    policy: Policy
    skip: Networks
    realm: str
    support_contact: str
    portal: str = ""
    limits: RateLimits = UNLIMITED


def target_of(facts: Facts, headers: Headers, settings: CheckSettings) -> Target | Deny:
    """What is asked for, or why nobody can say."""
    target = parse_target(
        method=facts.method,
        uri=facts.uri,
        host=facts.host,
        forwarded_for=facts.forwarded_for,
        skip=settings.skip,
        preflight=facts.method == b"OPTIONS" and is_preflight(headers),
        weigh=settings.policy.accepts_ambiguity,
    )
    if isinstance(target, Malformed):
        return Deny(reason=Reason.AMBIGUOUS_REQUEST, detail=target.detail)
    return target


def is_preflight(headers: Headers) -> bool:
    """Whether a request with method OPTIONS is a CORS preflight (Fetch standard: both headers are there)."""
    names = {name.lower() for name, _ in headers}
    return b"origin" in names and b"access-control-request-method" in names
