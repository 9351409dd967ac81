"""What is known of a presented value: our own tokens everywhere, tokens of Request Tracker where a route lists `rt`.

The one door for checks and for `explain`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.core.credential import RT, Credential, Presented
from gateway.core.evidence import Evidence, Rejected
from gateway.core.network import Address
from gateway.core.policy import Policy
from gateway.core.reason import Reason
from gateway.core.rt_token import RtToken, parse_rt_token
from gateway.core.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class RtAsked:
    """The presented value is to be taken for a token of RT. `address`: of the client, whose failures are counted."""

    token: RtToken
    address: Address | None


class Authenticate(Protocol):
    """How evidence is come by. Never raises for anything that a client or the store can do."""

    async def __call__(
        self,
        presented: bytes,
        basic_user: bytes | None = None,
        *,
        rt: RtAsked | None = None,
        address: Address | None = None,
    ) -> Evidence:
        """Evidence about the value; as a token of RT when `rt` is given. `address`: of the client."""
        ...


async def evidence_of(
    presented: Credential,
    authenticate: Authenticate,
    *,
    policy: Policy,
    credentials: tuple[str, ...],
    target: Target,
    now: datetime,
) -> Evidence:
    """Evidence about what was presented on a route with these credentials."""
    if not isinstance(presented, Presented):
        return presented
    if RT in credentials:
        token = parse_rt_token(presented.token)
        if token is not None:
            if not policy.takes_rt(now):  # nothing is hashed for what would be refused
                return Rejected(reason=Reason.IMPORT_ENDED)
            asked = RtAsked(token=token, address=target.address)
            return await authenticate(presented.token, presented.basic_user, rt=asked)
    return await authenticate(presented.token, presented.basic_user, address=target.address)
