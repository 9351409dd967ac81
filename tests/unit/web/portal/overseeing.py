"""Who sees more than their own, for the tests of pages: bob with every permission, eve with tokens of her own alone."""

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from gateway.auth.tokens import create_token
from gateway.core.owner import OwnerKind
from gateway.core.token import handle
from tests.installation import CONFIG, Installation
from tests.settled import settled
from tests.unit.auth.signing_in import ROOT
from tests.unit.web.api.portal import Answer, Portal, portal, serving

EVERYTHING = "own_tokens: [staff, guests], any_tokens: [staff], users: [staff], audit: [staff], explain: [staff]"
SETTINGS = CONFIG.replace("own_tokens: [staff, admins], any_tokens: [admins], users: [admins]", EVERYTHING)
EVIL = "<script>alert(1)</script>"


@dataclass
class Overseeing:
    """The pages, with bob and eve signed in."""

    at: Portal
    cookies: dict[str, str]
    installed: Installation

    async def get(self, path: str, *, who: str = "bob") -> Answer:
        """Open a page."""
        return await self.at.ask("GET", path, cookie=self.cookies[who])

    async def send(self, path: str, *, who: str = "bob", **fields: Any) -> Answer:
        """Send a form."""
        return await self.at.send(path, cookie=self.cookies[who], **fields)

    async def follow(self, answer: Answer, *, who: str = "bob") -> Answer:
        """The page that a form led to."""
        assert answer.status == 303, answer.text
        return await self.get(answer.headers["Location"], who=who)

    async def token(self, name: str = "ci", login: str = "bob", *scopes: str, **more: Any) -> str:
        """A new token, whole."""
        minted = await create_token(
            self.at.front.desk,
            actor=ROOT,
            owner_kind=more.pop("kind", OwnerKind.USER),
            login=login,
            name=name,
            scopes=scopes or ("rest",),
            **more,
        )
        return minted.whole.reveal()


async def both(at: Portal) -> dict[str, str]:
    """Their cookies."""
    await at.front.user("eve", "guests")
    return {login: (await at.sign_in(login)).cookie for login in ("bob", "eve")}


@contextlib.asynccontextmanager
async def overseeing(installed: Installation, settings: str = SETTINGS) -> AsyncIterator[Overseeing]:
    """The portal."""
    installed.config.write_text(settings, "utf-8")
    cookies = await settled(installed, portal, both)
    async with serving(installed) as at:
        yield Overseeing(at, dict(cookies), installed)


def of(whole: str) -> str:
    """The handle of a whole token."""
    return whole[:15]


def links(answer: Answer, begin: str) -> list[str]:
    """The addresses of a page's links that begin so, in their order."""
    return [one for one in re.findall(r'href="([^"]+)"', answer.text) if one.startswith(begin)]


__all__ = ["EVIL", "SETTINGS", "Overseeing", "handle", "links", "of", "overseeing"]
