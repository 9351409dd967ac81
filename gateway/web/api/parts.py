"""What the API works with: one dataclass, put together where the portal is."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from gateway.auth.authenticate import Authenticator
from gateway.auth.census import Ask
from gateway.auth.desk import Desk
from gateway.auth.idempotency import Repeats
from gateway.auth.passwords import PasswordPool
from gateway.auth.refusals import Refusals
from gateway.auth.sessions import Sessions
from gateway.auth.usage import UsageCounter
from gateway.core.policy import Policy
from gateway.web.api.limit import PortalLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The settings of this moment, as a request needs them."""

    desk: Desk
    policy: Policy
    is_trusted: Callable[[web.Request], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The use cases' objects. `surroundings` is asked at every request, since a reload may change the settings."""

    surroundings: Callable[[], Surroundings]
    authenticator: Authenticator
    sessions: Sessions
    passwords: PasswordPool
    limit: PortalLimit
    usage: UsageCounter
    refusals: Refusals
    repeats: Repeats
    census: Ask
