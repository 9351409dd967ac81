"""One installation with everything around it: made by the real command, served by the real processes.

    house = await House.build(folder)      gateway and Caddy run
    await house.person("alice", groups=["staff"])
    await house.use(token)                 a real request through Caddy and the check
    await house.close()

The desk is the installation opened a second time, in the test's own process, as the command line opens it: people and
tokens are made through it by the use cases, at a clock that may be turned back.
"""

import asyncio
import http.client
import json
import socket
import ssl
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.auth.desk import Desk
from gateway.auth.hashing import HashPool
from gateway.auth.keyring import load as load_keys
from gateway.auth.owners import create_owner
from gateway.auth.passwords import password_pool, set_password
from gateway.auth.power import operator
from gateway.auth.tokens import Minted, create_token
from gateway.cli.desk import load_settings
from gateway.core.owner import OwnerKind
from gateway.core.token import Secret
from gateway.store import Store
from tests.e2e.harness.gateway import command, run
from tests.e2e.harness.process import Program, free_port, listens
from tests.e2e.harness.proxies import BIN
from tests.portal.harness.clock import Clock
from tests.portal.harness.people import Person
from tests.portal.harness.site import APP, CERTIFICATE, CONFIG, PORTAL, SECURE, caddyfile

ROOT = Path(__file__).parents[3]
OPERATOR = operator("cli:operator")
COOKIES = {True: "__Host-token-gateway", False: "token-gateway"}


class House:
    """The installation, its processes, its desk."""

    def __init__(self, folder: Path, at: datetime | None = None, program: Sequence[str] = ()) -> None:
        """`at`: it is always this moment. `program`: a module that runs the command in another way, and its words."""
        self._command = [sys.executable, "-m", *program] if program else [command()]
        self.folder = folder / "gateway"
        self.config = self.folder / "token-gateway.yaml"
        self.check_port, self.portal_port, self.ops_port, self.tls_port = (free_port() for _ in range(4))
        self.plain = f"http://127.0.0.1:{self.portal_port}"
        self.clock = Clock(at)
        self.desk: Desk
        self.signs_in_once = False  # for pictures: a person's tabs are one browser
        self._cookies: dict[tuple[Person, str], dict[str, Any]] = {}
        self._passwords = password_pool()
        self._stack = AsyncExitStack()
        self._people = 0
        self.gateway = Program(
            "token-gateway serve",
            [*self._command, "--config", str(self.config), "serve"],
            folder / "gateway.log",
            cwd=ROOT,
        )
        self.caddy = Program(
            "caddy",
            [str(BIN / "caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
            folder / "caddy.log",
            env={"HOME": str(folder)},
        )

    @classmethod
    async def build(cls, folder: Path, at: datetime | None = None, program: Sequence[str] = ()) -> "House":
        """Made, opened and served."""
        house = cls(folder, at, program)
        await asyncio.to_thread(house._install, folder)
        try:
            await house._open()
            await asyncio.to_thread(house._start)
        except BaseException:
            await house.close()
            raise
        return house

    @property
    def origins(self) -> tuple[str, str]:
        """Where browsers find the portal: behind the proxy with TLS, and directly."""
        return SECURE, self.plain

    async def close(self) -> None:
        """Stop what was started, and close the desk."""
        for program in (self.caddy, self.gateway):
            if program.process is not None:
                await asyncio.to_thread(program.stop)
        await self._stack.aclose()
        self._passwords.close()

    async def person(
        self,
        login: str = "",
        *,
        groups: Sequence[str] = ("staff",),
        name: str = "",
        email: str = "",
        organisations: Sequence[str] = (),
        must_change: bool = False,
        sso: bool = False,
    ) -> Person:
        """A new user, with a password unless they sign in elsewhere. Without a login: one that nobody had."""
        self._people += 1
        owner = await create_owner(
            self.desk,
            actor=OPERATOR,
            kind=OwnerKind.USER,
            login=login or f"person-{self._people}",
            name=name,
            email=email,
            groups=groups,
            organisations=organisations,
            sso=sso,
        )
        made = Person(
            id=owner.id,
            login=owner.login,
            password=f"a fine long password no. {self._people}",
            name=name,
            email=email,
            address=f"198.51.100.{self._people % 250 + 1}",
        )
        if sso:
            return made
        await set_password(
            self.desk,
            self._passwords,
            actor=OPERATOR,
            login=made.login,
            password=Secret(made.password),
            must_change=must_change,
        )
        return made

    async def token(
        self,
        owner: Person | str,
        name: str = "laptop",
        *scopes: str,
        expires: timedelta | None = None,
        networks: Sequence[str] = (),
        hosts: Sequence[str] = (),
    ) -> Minted:
        """A new token that a person made, or of an application; `.whole.reveal()` is what a client presents."""
        is_person = isinstance(owner, Person)
        return await create_token(
            self.desk,
            actor=operator(owner.id) if is_person else OPERATOR,
            owner_kind=OwnerKind.USER if is_person else OwnerKind.APPLICATION,
            login=owner.login if is_person else owner,
            name=name,
            scopes=scopes or ("rest",),
            expires=expires,
            networks=networks,
            hosts=hosts,
        )

    async def cookie(self, person: Person, origin: str = SECURE) -> dict[str, Any]:
        """Sign in by the API; the session's cookie for a browser at that origin."""
        if not self.signs_in_once:
            return await asyncio.to_thread(self._cookie, person, origin)
        if (person, origin) not in self._cookies:
            self._cookies[person, origin] = await asyncio.to_thread(self._cookie, person, origin)
        return self._cookies[person, origin]

    async def lasting_cookie(self, person: Person) -> dict[str, Any]:
        """The cookie of the one session in which somebody looks at many pages, and ends it on none."""
        if (person, SECURE) not in self._cookies:
            self._cookies[person, SECURE] = await asyncio.to_thread(self._cookie, person, SECURE)
        return self._cookies[person, SECURE]

    async def get(
        self, path: str, person: Person | None = None, *, language: str = "en"
    ) -> tuple[int, dict[str, str], str]:
        """A page asked for by a plain client, signed in as the person, if any: status, headers in lower case, text."""
        cookie = None if person is None else await self.lasting_cookie(person)
        return await asyncio.to_thread(self._get, path, cookie, language)

    async def use(
        self,
        token: str | None,
        path: str = "/api/hello",
        *,
        host: str = APP,
        method: str = "GET",
        address: str = "203.0.113.9",
    ) -> tuple[int, str]:
        """A real request to an app behind Caddy, with the token; the status, and what came back."""
        headers = {"Host": host, "X-Forwarded-For": address}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return await asyncio.to_thread(self._behind_caddy, method, path, host, headers)

    async def forget_proof(self, person: Person) -> None:
        """As if the password had been typed an hour ago: what gives power asks for it again."""
        sessions = await self.desk.store.sessions(person.id)
        assert sessions
        self.clock.turn(hours=1)
        try:
            async with self.desk.store.change(actor=person.id) as change:
                for one in sessions:
                    await change.prove_session(one.id)
        finally:
            self.clock.turn()

    def log(self) -> list[dict[str, Any]]:
        """What the gateway has logged, a line an object."""
        return [json.loads(line) for line in self.gateway.log.read_text("utf-8").splitlines()]

    def _install(self, folder: Path) -> None:
        run([*self._command, "init", str(self.folder), "--admin", "operator"])
        ports = {"check": self.check_port, "portal": self.portal_port, "ops": self.ops_port}
        self.config.write_text(CONFIG.format(**ports), "utf-8")
        run([*self._command, "--config", str(self.config), "proxy-config", "caddy", "--output", str(folder)])
        (folder / "Caddyfile").write_text(caddyfile(folder, port=self.tls_port, portal=self.portal_port), "utf-8")

    async def _open(self) -> None:
        settings = load_settings(self.config)
        keyring = load_keys(settings.key_file)
        store = await Store.open(settings.store.url, now=self.clock, keys=keyring.keys, brand=settings.tokens.brand)
        self._stack.push_async_callback(store.close)
        pool = HashPool(threads=1, queue=64, name="argon2-test")
        self._stack.callback(pool.close)
        self.desk = Desk(store=store, keyring=keyring, hashing=pool, settings=settings, now=self.clock, waits=False)

    def _start(self) -> None:
        self.gateway.start(self._is_ready)
        self.caddy.start(lambda: listens(self.tls_port))

    def _is_ready(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=1)
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def _get(self, path: str, cookie: dict[str, Any] | None, language: str) -> tuple[int, dict[str, str], str]:
        headers = {"Host": PORTAL, "X-Forwarded-For": "198.51.100.240", "Accept-Language": language}
        if cookie is not None:
            headers["Cookie"] = f"{cookie['name']}={cookie['value']}"
        connection = http.client.HTTPConnection("127.0.0.1", self.portal_port, timeout=20)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, found, answer.read().decode()
        finally:
            connection.close()

    def _cookie(self, person: Person, origin: str) -> dict[str, Any]:
        host = origin.partition("//")[2]
        body = json.dumps({"login": person.login, "password": person.password})
        headers = {
            "Host": host,
            "Origin": origin,
            "Content-Type": "application/json",
            "X-Forwarded-For": person.address,
            "User-Agent": person.user_agent,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.portal_port, timeout=20)
        try:
            connection.request("POST", "/api/v1/session", body, headers)
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
            name, _, value = answer.headers["Set-Cookie"].partition(";")[0].partition("=")
        finally:
            connection.close()
        secure = origin.startswith("https:")
        assert name == COOKIES[secure]
        return {"name": name, "value": value, "url": origin, "secure": secure, "httpOnly": True, "sameSite": "Lax"}

    def _behind_caddy(self, method: str, path: str, host: str, headers: dict[str, str]) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(CERTIFICATE))
        with (
            socket.create_connection(("127.0.0.1", self.tls_port), timeout=20) as plain,
            context.wrap_socket(plain, server_hostname=host) as wrapped,
        ):
            connection = http.client.HTTPConnection(host)
            connection.sock = wrapped
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
