"""The API and the pages on an installation of its own: a client that behaves like a browser, or not."""

import contextlib
import html
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from aiohttp.test_utils import TestClient, TestServer

from gateway.auth.census import Census
from gateway.auth.idempotency import Repeats
from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.cli.desk import authenticating
from gateway.web.api.app import api_app
from gateway.web.api.limit import PortalLimit
from gateway.web.api.operation import Operation
from gateway.web.api.operations import all_operations
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.portal.app import Pages
from gateway.web.portal.render import Look
from gateway.web.portal.rows import PAGES
from tests.installation import Installation
from tests.settled import settled
from tests.unit.auth.signing_in import GOOD, Front, front

HOST = "gateway.example.org"
ORIGIN = f"https://{HOST}"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Answer:
    """One answer."""

    status: int
    headers: Any
    raw: bytes
    json: Any

    @property
    def code(self) -> str:
        return self.json["code"]

    @property
    def text(self) -> str:
        """The page, with its paths whole."""
        return html.unescape(self.raw.decode()).replace("<wbr>", "")

    @property
    def cookie(self) -> str:
        """`name=value` of the session's cookie."""
        return self.headers["Set-Cookie"].partition(";")[0]


@dataclass
class Portal:
    """The API, and who signs in there."""

    front: Front
    client: TestClient[Any, Any]
    limit: PortalLimit
    refusals: Refusals
    seconds: list[float] = field(default_factory=lambda: [0.0])
    census: list[Census | None] = field(default_factory=lambda: [None])

    async def ask(self, method: str, path: str, *, cookie: str = "", **more: Any) -> Answer:
        """One request, as a page of this very origin sends it; a header None is left out."""
        headers = {"Host": HOST, "X-Forwarded-For": "192.0.2.7", "Origin": ORIGIN, "Cookie": cookie or None}
        headers |= more.pop("headers", {})
        sent = {name: value for name, value in headers.items() if value is not None}
        async with self.client.request(method, path, headers=sent, allow_redirects=False, **more) as answer:
            raw = await answer.read()
            is_json = answer.content_type.endswith("json")
            return Answer(
                answer.status, answer.headers, raw, await answer.json(content_type=None) if is_json and raw else None
            )

    async def send(self, path: str, *, cookie: str = "", **fields: Any) -> Answer:
        """A page's form, as a browser sends it; a list of values is several fields of one name."""
        return await self.ask("POST", path, cookie=cookie, data=urlencode(fields, doseq=True), headers=FORM)

    async def sign_in(self, login: str = "bob", password: str = GOOD, **more: Any) -> Answer:
        """Sign in, as the page does."""
        return await self.ask("POST", "/api/v1/session", json={"login": login, "password": password}, **more)


look = cache(Look)


async def bob(at: Front) -> None:
    """He has a password."""
    await at.user("bob", "staff")


@contextlib.asynccontextmanager
async def portal(
    installed: Installation, *, operations: Sequence[Operation] | None = None, is_trusted: bool = True
) -> AsyncIterator[Portal]:
    """The API, answering; `bob` has a password."""
    await settled(installed, front, bob)
    async with serving(installed, operations=operations, is_trusted=is_trusted) as made:
        yield made


@contextlib.asynccontextmanager
async def serving(
    installed: Installation, *, operations: Sequence[Operation] | None = None, is_trusted: bool = True
) -> AsyncIterator[Portal]:
    """The API, answering, with whom the installation has."""
    async with front(installed) as at, authenticating(at.desk) as authenticator:
        seconds = [0.0]
        told: list[Census | None] = [None]

        async def census() -> Census | None:
            return told[0]

        limit = PortalLimit(lambda: seconds[0])

        def surroundings() -> Surroundings:
            return Surroundings(desk=at.desk, policy=at.desk.settings.policy(), is_trusted=lambda _: is_trusted)

        parts = Parts(
            surroundings=surroundings,
            authenticator=authenticator,
            sessions=at.sessions,
            passwords=at.pool,
            limit=limit,
            usage=UsageCounter(at.desk.store, print),
            refusals=(refusals := Refusals(at.desk.store, clock=at.desk.now, fault=print)),
            repeats=Repeats(),
            census=census,
        )
        pages = Pages(parts, PAGES, look())
        app = api_app(parts, all_operations() if operations is None else operations, pages.tell)
        pages.add_to(app)
        async with TestClient(TestServer(app)) as client:
            yield Portal(at, client, limit, refusals, seconds, told)
