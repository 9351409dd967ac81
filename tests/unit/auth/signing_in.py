"""People who sign in, for tests: a desk with a clock that moves, its sessions, and a person with a password."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from argon2 import PasswordHasher

from gateway.auth.desk import Desk
from gateway.auth.owners import create_owner
from gateway.auth.passwords import PasswordPool, password_pool, set_password
from gateway.auth.power import operator
from gateway.auth.sessions import Sessions, SignedIn
from gateway.auth.sign_in_limit import SignInLimit
from gateway.config import Settings
from gateway.config.sso_schema import Sso
from gateway.core.owner import Owner, OwnerKind
from gateway.core.power import Actor
from gateway.core.token import Secret
from tests.economy import CHEAP
from tests.installation import Installation

GOOD = "copper lantern zebra kiosk"
OTHER = "violin marmalade tugboat"
ROOT = operator("cli:test")


@dataclass
class Front:
    """Where people sign in. `later` moves the clock that sessions are judged by."""

    desk: Desk
    pool: PasswordPool
    sessions: Sessions
    seconds: list[float] = field(default_factory=lambda: [0.0])

    def later(self, **span: float) -> "Front":
        """The same place, some time from now."""
        by = timedelta(**span)

        def now() -> datetime:
            return self.desk.now() + by

        desk = replace(self.desk, now=now)
        return Front(desk, self.pool, Sessions(desk, self.pool, SignInLimit()), self.seconds)

    async def user(self, login: str, *groups: str, password: str = GOOD, must_change: bool = False) -> Owner:
        """A local user with a password."""
        owner = await create_owner(self.desk, actor=ROOT, kind=OwnerKind.USER, login=login, groups=groups)
        await self.set_password(login, password, must_change=must_change)
        return owner

    async def sso_user(self, login: str, *groups: str) -> Owner:
        """A user who signs in elsewhere."""
        return await create_owner(self.desk, actor=ROOT, kind=OwnerKind.USER, login=login, groups=groups, sso=True)

    async def set_password(self, login: str, password: str, *, actor=ROOT, must_change: bool = False):
        """As `user passwd` does."""
        return await set_password(
            self.desk, self.pool, actor=actor, login=login, password=Secret(password), must_change=must_change
        )

    async def actor(self, login: str) -> Actor:
        """A person of these, acting through a session that has just begun."""
        entry = await self.desk.store.owner(login=login)
        if entry.owner.sso:
            signed = await self.sessions.sign_in_elsewhere(login=login, groups=frozenset())
        else:
            signed = await self.enter(login)
        return signed.session.actor()

    async def enter(self, login: str, password: str = GOOD, **more) -> SignedIn:
        """Sign in."""
        return await self.sessions.sign_in(
            login=login, password=Secret(password), **({"address": "192.0.2.7", "user_agent": "Browser/1"} | more)
        )


def with_sso(settings: Settings, **said) -> Settings:
    """The settings with a single sign-on that gives every group that there is, or as `said`."""
    whole = {"socket": "/nowhere/sso.sock", "groups": ["staff", "guests", "admins"], **said}
    sso = Sso.model_validate(whole, context={"folder": Path("/")})
    return replace(settings, portal=settings.portal.model_copy(update={"sso": sso}))


@contextlib.asynccontextmanager
async def front(installed: Installation, *, profile: PasswordHasher = CHEAP) -> AsyncIterator[Front]:
    """The place, on an installation. Passwords are hashed cheaply, unless the test is about their price."""
    pool = password_pool(profile)
    seconds = [0.0]
    async with installed.desk() as opened:
        desk = replace(opened, settings=with_sso(opened.settings))
        made = Front(desk, pool, Sessions(desk, pool, SignInLimit(lambda: seconds[0])), seconds)
        try:
            yield made
        finally:
            await made.sessions.close()
            pool.close()
