"""Who may look at what goes on, for the tests of audit, explain and introspection: bob may, and eve may not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from tests.installation import CONFIG, Installation, Ran
from tests.settled import settled
from tests.unit.web.api.portal import Answer, Portal, portal, serving

SETTINGS = CONFIG.replace(
    "users: [admins]}", "users: [admins], audit: [staff], explain: [staff], introspect: [staff]}"
).replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")


@dataclass
class Watching:
    """The API, with bob and eve signed in."""

    at: Portal
    cookies: dict[str, str]
    installed: Installation

    async def run(self, *words: str) -> Ran:
        """Run a command beside the API."""
        return await asyncio.to_thread(self.installed.run, *words)

    async def ok(self, *words: str) -> Ran:
        """Run a command that must succeed."""
        return await asyncio.to_thread(self.installed.ok, *words)

    async def token(self, name: str = "ci", user: str = "alice", *scopes: str) -> str:
        """A new token of a user, whole."""
        return await asyncio.to_thread(self.installed.token, name, user, *scopes)

    async def ask(self, method: str, path: str, *, who: str = "bob", **more: Any) -> Answer:
        """One request, as bob unless said otherwise."""
        return await self.at.ask(method, path, cookie=self.cookies.get(who, ""), **more)

    async def bearer(self, token: str, method: str, path: str, **more: Any) -> Answer:
        """One request by a token."""
        headers = {"Authorization": f"Bearer {token}", "Origin": None} | more.pop("headers", {})
        return await self.at.ask(method, path, headers=headers, **more)


async def both(at: Portal) -> dict[str, str]:
    """Their cookies."""
    await at.front.user("eve", "guests")
    return {login: (await at.sign_in(login)).cookie for login in ("bob", "eve")}


@contextlib.asynccontextmanager
async def watching(installed: Installation, settings: str = SETTINGS) -> AsyncIterator[Watching]:
    """The portal."""
    installed.config.write_text(settings, "utf-8")
    cookies = await settled(installed, portal, both)
    async with serving(installed) as at:
        yield Watching(at, dict(cookies), installed)
