"""The portal: the part with the API and what else people use, and the tasks that one process does for all.

Its listener's application is made here; so is everything that only it needs, which no check worker imports.
"""

import contextlib
import socket
from collections.abc import Sequence

import structlog
from aiohttp import web

from gateway.auth.census import Ask
from gateway.auth.desk import Desk
from gateway.auth.idempotency import Repeats
from gateway.auth.passwords import password_pool
from gateway.auth.refusals import Refusals
from gateway.auth.sessions import Sessions
from gateway.auth.sign_in_limit import SignInLimit
from gateway.auth.usage import UsageCounter
from gateway.runtime.audit_head import AuditHeads
from gateway.runtime.generation import Generation
from gateway.runtime.mailing import postman
from gateway.runtime.metrics import Metrics
from gateway.runtime.opened import Opened, now, readiness
from gateway.runtime.part import Task
from gateway.runtime.site import serve_app
from gateway.web.api.app import api_app
from gateway.web.api.limit import PortalLimit
from gateway.web.api.operations import all_operations
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.ops.readiness import Readiness
from gateway.web.portal.app import Pages
from gateway.web.portal.render import Look
from gateway.web.portal.rows import PAGES
from gateway.web.portal.sso import is_sso_socket, peer_of

log = structlog.get_logger("gateway")


class Portal:
    """Answers the portal listener on an opened installation."""

    def __init__(self, opened: Opened, generation: Generation, metrics: Metrics, census: Ask) -> None:
        self._opened = opened
        self._generation = generation
        self._accepting = False
        self._audit_heads = AuditHeads(opened.store)
        self._postman = postman(self._desk, metrics)
        self._stack = contextlib.AsyncExitStack()  # the listener, ended by `drain`
        self._usage = UsageCounter(opened.store, fault=lambda words: log.warning("usage not written", detail=words))
        self._refusals = Refusals(
            opened.store, clock=now, fault=lambda words: log.warning("refusals not written to the audit", detail=words)
        )
        self._passwords = password_pool()
        self._sessions = Sessions(self._desk(), self._passwords, SignInLimit())
        parts = Parts(
            surroundings=self._surroundings,
            authenticator=opened.authenticator,
            sessions=self._sessions,
            passwords=self._passwords,
            limit=PortalLimit(),
            usage=self._usage,
            refusals=self._refusals,
            repeats=Repeats(),
            census=census,
        )
        pages = Pages(parts, PAGES, Look())
        self._app = api_app(parts, all_operations(), pages.tell)
        pages.add_to(self._app)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is done once for the installation, whatever the number of check workers."""
        return (self._audit_heads, self._usage, self._refusals, self._postman)

    async def listen(self, opened: Sequence[socket.socket]) -> None:
        """Answer on the sockets."""
        await serve_app(self._app, opened, self._stack)
        self._accepting = True

    def readiness(self) -> Readiness:
        """Whether requests can be answered now."""
        return readiness(self._opened.lease, accepting=self._accepting)

    def use(self, generation: Generation) -> None:
        """Take over a new configuration for the next request."""
        self._generation = generation
        self._sessions.use(self._desk())

    async def drain(self) -> None:
        """Take no new connections, and let requests in flight end."""
        self._accepting = False
        await self._stack.aclose()

    async def finish(self) -> None:
        """Write down the uses, refusals and failed sign-ins that there were, and tell the audit's head once more."""
        await self._usage.flush()  # once more: requests that were still running have been counted since
        await self._refusals.flush(whole=True)
        await self._sessions.close()
        self._passwords.close()
        await self._audit_heads.tell()

    def _desk(self) -> Desk:
        return Desk(
            store=self._opened.store,
            keyring=self._opened.keyring,
            hashing=self._opened.pool,
            settings=self._generation.settings,
            now=now,
        )

    def _surroundings(self) -> Surroundings:
        return Surroundings(desk=self._desk(), policy=self._generation.check.policy, is_trusted=self._is_trusted)

    def _is_trusted(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None:
            return False
        if is_sso_socket(self._generation.settings.portal.sso, peer_of(request)):
            return True  # whoever is believed about who asks is believed about from where
        family, peer = transport.get_extra_info("socket").family, transport.get_extra_info("peername")
        return self._generation.trust(family, peer)
