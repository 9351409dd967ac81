"""The portal: the part with the API and what else people use, and the tasks that one process does for all.

Its listener's application is made here; so is everything that only it needs, which no check worker imports.
"""

import contextlib
import socket

from aiohttp import web

from gateway.auth.desk import Desk
from gateway.runtime.audit_head import AuditHeads
from gateway.runtime.generation import Generation
from gateway.runtime.opened import Opened, now
from gateway.runtime.part import Task, serve_app
from gateway.web.api.app import api_app
from gateway.web.api.token import Surroundings, TokenHandlers


class Portal:
    """Answers the portal listener on an opened installation."""

    def __init__(self, opened: Opened, generation: Generation) -> None:
        self._opened = opened
        self._generation = generation
        self._audit_heads = AuditHeads(opened.store)
        self._stack = contextlib.AsyncExitStack()  # the listener, ended by `drain`
        handlers = TokenHandlers(opened.authenticator, self._surroundings)
        self._app = api_app(handlers, public_url=self._public_url)

    @property
    def tasks(self) -> tuple[Task, ...]:
        """What is done once for the installation, whatever the number of check workers."""
        return (self._audit_heads,)

    async def listen(self, opened: socket.socket) -> None:
        """Answer on the socket."""
        await serve_app(self._app, opened, self._stack)

    def use(self, generation: Generation) -> None:
        """Take over a new configuration for the next request."""
        self._generation = generation

    async def drain(self) -> None:
        """Take no new connections, and let requests in flight end."""
        await self._stack.aclose()

    async def finish(self) -> None:
        """Tell the audit's head once more."""
        await self._audit_heads.tell()

    def _surroundings(self) -> Surroundings:
        generation = self._generation
        desk = Desk(
            store=self._opened.store,
            keyring=self._opened.keyring,
            hashing=self._opened.pool,
            settings=generation.settings,
            now=now,
        )
        return Surroundings(desk=desk, policy=generation.check.policy, is_trusted=self._is_trusted)

    def _is_trusted(self, request: web.Request) -> bool:
        transport = request.transport
        if transport is None:
            return False
        family, peer = transport.get_extra_info("socket").family, transport.get_extra_info("peername")
        return self._generation.trust(family, peer)

    def _public_url(self) -> str:
        return self._generation.settings.public_url
