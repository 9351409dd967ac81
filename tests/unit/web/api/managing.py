"""Who manages whom, for the tests of users and applications: people in every role, each signed in."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.auth.owners import create_owner
from gateway.core.owner import Owner, OwnerKind
from tests.economy import CHEAP
from tests.installation import CONFIG, Installation
from tests.settled import settled
from tests.unit.auth.signing_in import GOOD, ROOT
from tests.unit.web.api.portal import Answer, Portal, portal, serving

GROUPS = "groups: [staff, admins, guests, desk, apps]"
POWER = (
    "permissions: {own_tokens: [staff, admins, desk, apps], any_tokens: [admins], users: [admins, desk], "
    "applications: [apps, admins]}"
)
SETTINGS = CONFIG.replace("groups: [staff, admins, guests]", GROUPS).replace(
    "permissions: {own_tokens: [staff, admins], any_tokens: [admins], users: [admins]}", POWER
)
ROLES = {"plain": "staff", "desk": "desk", "apps": "apps", "boss": "admins"}


@dataclass
class Managing:
    """The API, and the cookies of who is signed in there."""

    at: Portal
    cookies: dict[str, str]
    owners: dict[str, Owner]

    async def ask(self, who: str, method: str, path: str, **more: Any) -> Answer:
        """One request as somebody, or as nobody (`anonymous`). `{bob}` in the path is bob's id."""
        whole = path.format(**{name: owner.id for name, owner in self.owners.items()})
        headers = {"If-Match": "*"} if method in {"PATCH", "PUT"} else {}
        headers |= more.pop("headers", {})
        return await self.at.ask(method, whole, cookie=self.cookies.get(who, ""), headers=headers, **more)


@cache
def hashed() -> str:
    """The password of all of them, hashed once."""
    return CHEAP.hash(GOOD)


async def everybody(at: Portal) -> tuple[dict[str, str], dict[str, Owner]]:
    """The cookies of who is signed in, and all of them."""
    cookies, owners = {}, {}
    for role, group in ROLES.items():
        made = await create_owner(at.front.desk, actor=ROOT, kind=OwnerKind.USER, login=role, groups=[group])
        async with at.front.desk.store.change(actor="test") as change:
            await change.set_password(made.id, hashed(), must_change=False)
        owners[role] = made
        cookies[role] = (await at.sign_in(role)).cookie
    owners["eve"] = await at.front.sso_user("eve", "staff")
    for kind, login, group in (
        (OwnerKind.APPLICATION, "backup", "staff"),
        (OwnerKind.USER, "carol", "guests"),
    ):
        made = await create_owner(at.front.desk, actor=ROOT, kind=kind, login=login, groups=[group])
        owners[login] = made
    owners["bob"] = (await at.front.desk.store.owner(login="bob")).owner
    return cookies, owners


@contextlib.asynccontextmanager
async def managing(installed: Installation) -> AsyncIterator[Managing]:
    """A portal with `bob` of the staff, `eve` of the single sign-on, the application `backup`, and one in each role."""
    installed.config.write_text(SETTINGS, "utf-8")
    cookies, owners = await settled(installed, portal, everybody)
    async with serving(installed) as at:
        yield Managing(at, dict(cookies), dict(owners))
