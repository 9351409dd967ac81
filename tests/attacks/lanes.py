"""The lanes that checks can take into the gateway: one line each, and the whole suite runs through it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.web.check.app import CheckServer
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.door import Door
from gateway.web.check.listener import CheckListener
from gateway.web.check.service import CheckService
from gateway.web.check.trust import Trust


class Server(Protocol):
    """What `create_server` takes, and how it ends."""

    def __call__(self) -> asyncio.BaseProtocol: ...

    def shutdown(self, timeout_s: float) -> Awaitable[None]:
        """Close what is open."""
        ...


def as_in_service(service: CheckService, trust: Trust, untrusted: Callable[[str], None]) -> Server:
    """Plain heads in the fast lane, those that announce a body handed over to aiohttp."""
    return CheckListener(service, DIALECTS, trust=trust, untrusted=untrusted)


def aiohttp_alone(service: CheckService, trust: Trust, untrusted: Callable[[str], None]) -> Server:
    """Every check through aiohttp."""
    return CheckServer(service, DIALECTS, door=Door(trust, untrusted))


LANES: dict[str, Callable[[CheckService, Trust, Callable[[str], None]], Server]] = {
    "fast": as_in_service,
    "aiohttp": aiohttp_alone,
}
