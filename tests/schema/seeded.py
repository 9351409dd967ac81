"""A serving gateway with people, applications, tokens and a history; and who asks: two by session, one by token."""

import http.client
import itertools
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.installation import CONFIG, Installation, handle
from tests.process.serving import Serving

HOST = "gateway.example.org"
ORIGIN = f"https://{HOST}"
PASSWORD = "copper lantern zebra kiosk"
ALL = "users: [admins], applications: [admins], audit: [admins], explain: [admins, apps], introspect: [admins, apps]}"
SETTINGS = (
    CONFIG.replace("users: [admins]}", ALL)
    .replace("groups: [staff,", "groups: [apps, staff,")
    .replace("any_tokens: [admins]", "any_tokens: [admins, apps]")
    .replace("scopes: {rest", "scopes: {gateway: Act in the gateway itself, rest")
)
PEOPLE, PROGRAMS = ("carol", "dave", "erin", "frank"), ("backup", "report", "export")
ROLES = ("user", "administrator", "application")


@dataclass
class Seeded:
    """The gateway, what is secret in it, and by what the roles ask. Nobody of the roles is among `known`."""

    serving: Serving
    secrets: list[str]
    known: dict[str, list[str]]  # by the path that they stand in
    _credentials: dict[str, dict[str, str]]
    _addresses: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def url(self) -> str:
        """Where the portal listens."""
        return f"http://127.0.0.1:{self.serving.portal}"

    def headers(self, role: str) -> dict[str, str]:
        """What a request of the role is sent with, each from another address: limits are other tests' matter."""
        number = next(self._addresses)
        where = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        credential = self._credentials.get(role) or self._sign_in(role)
        return {"Host": HOST, "Origin": ORIGIN, "X-Forwarded-For": where, **credential}

    def forget(self, role: str) -> None:
        """The role's session has ended: begin another with the next request."""
        if role != "application":
            self._credentials.pop(role, None)

    def _sign_in(self, role: str) -> dict[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.portal, timeout=10)
        login = {"user": "bob", "administrator": "boss"}[role]
        body = json.dumps({"login": login, "password": PASSWORD})
        sent = {"Host": HOST, "Origin": ORIGIN, "Content-Type": "application/json", "X-Forwarded-For": "10.255.0.1"}
        connection.request("POST", "/api/v1/session", body=body, headers=sent)
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
        cookie = answer.getheader("Set-Cookie", "").partition(";")[0]
        connection.close()
        self.secrets.append(cookie.partition("=")[2])
        self._credentials[role] = {"Cookie": cookie}
        return self._credentials[role]


@dataclass(frozen=True)
class Seeds:
    """A folder that nothing serves from: each role gets a copy, so that none sees what another has done."""

    installation: Installation
    token: str  # by which the application asks
    secrets: tuple[str, ...]
    known: dict[str, list[str]]

    def serving(self, folder: Path) -> Seeded:
        """A copy, served. `stop` of its `serving` ends it."""
        shutil.copytree(self.installation.folder, folder)
        serving = Serving(Installation(folder))
        serving.installation.config.write_text(serving.base().replace(CONFIG, SETTINGS), "utf-8")
        serving.start()
        credentials = {"application": {"Authorization": f"Bearer {self.token}"}}
        return Seeded(serving, list(self.secrets), self.known, credentials)


def seeds(installation: Installation) -> Seeds:
    """People, applications, tokens, and the history of their making."""
    installation.config.write_text(SETTINGS, "utf-8")
    ok = installation.ok
    for login, group in (("bob", "staff"), ("boss", "admins"), *((name, "staff") for name in PEOPLE)):
        ok("user", "add", login, "--group", group, "--email", f"{login}@example.org")
    for login in ("bob", "boss"):
        ok("user", "passwd", login, "--stdin", "--no-must-change", stdin=PASSWORD)
    for name, group in (("asking", "apps"), *((name, "staff") for name in PROGRAMS)):
        ok("app", "add", name, "--group", group, "--contact", "ops@example.org")
    asking = ok(
        "token", "create", "--app", "asking", "--name", "api", "--scope", "gateway", "--scope", "rest"
    ).out.strip()
    tokens = []
    for owner in ("--user bob", "--user carol", "--app backup"):
        for name in ("one", "two", "three"):
            create = ("token", "create", *owner.split(), "--name", name, "--scope", "rest", "--expires", "30d")
            tokens.append(ok(*create).out.strip())
    ids = {login: ident for ident, login in installation.rows("SELECT id, login FROM owners")}
    known = {
        "/users/": [ids[name] for name in PEOPLE],
        "/applications/": [ids[name] for name in PROGRAMS],
        "/tokens/": [handle(token) for token in tokens],
    }
    secrets = (PASSWORD, *(token.rpartition("_")[2] for token in (asking, *tokens)))
    return Seeds(installation, asking, secrets, known)
