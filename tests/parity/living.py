"""One installation that serves, for all parity tests: iTop- and RT-like routes, and people to ask about them."""

import asyncio
import itertools
import time
from base64 import b64encode

from tests.installation import Installation, Ran, handle
from tests.process.serving import Serving

CONFIG = """\
public_url: https://gateway.example.org
tokens:
  personal: {default_lifetime: 90d, max_lifetime: 366d}
  application: {default_lifetime: 366d, max_lifetime: unlimited}
groups: [staff, admins, rest-users]
permissions: {own_tokens: [staff, admins], any_tokens: [admins], users: [admins], applications: [admins]}
scopes: {rest: REST/JSON, synchro: Synchro, export: Export, console: Console}
identity:
  default: {X-Auth-User: login, X-Auth-Name: name, X-Auth-Email: email, X-Auth-Groups: groups,
    X-Auth-Organisations: organisations, X-Auth-Kind: owner_kind, X-Auth-Token-Name: token_name, X-Auth-Token: token}
defaults: {credentials: [bearer, token, basic, "header:Auth-Token"]}
routes:
  - {name: api, host: app.example.org, path: "/api/**", scopes: rest}
  - {name: any, host: app.example.org, path: "/any", scopes: {any: [rest, synchro]}}
  - {name: all, host: app.example.org, path: "/all", scopes: {all: [rest, export]}}
  - {name: waived, host: app.example.org, path: "/waived", scopes: rest, groups: rest-users, waive_groups_for: personal}
  - {name: members, host: app.example.org, path: "/members", scopes: rest, groups: rest-users}
  - {name: closed, host: app.example.org, path: "/closed", deny: true}
  - {name: console, host: app.example.org, path: "/console/**", scopes: console, kinds: application}
"""
_names = itertools.count(1)
BOUND_S = 0.15  # a little more than a change takes to be known everywhere, where nobody waited for it


class Living(Serving):
    """The same installation, with these routes."""

    def base(self) -> str:
        """The configuration, with this process's listeners."""
        return super().base().partition("\n")[0] + "\n" + CONFIG

    def run(self, *words: str) -> Ran:
        """A command that must succeed."""
        return self.installation.ok(*words)

    def user(self, *groups: str) -> str:
        """A new user in the groups (staff, when none are named); the login."""
        login = f"user{next(_names)}"
        words = [word for group in groups or ("staff",) for word in ("--group", group)]
        self.run("user", "add", login, "--name", "Alice Example", "--email", f"{login}@example.org", *words)
        return login

    def application(self, *words: str) -> str:
        """A new application; its name."""
        name = f"app{next(_names)}"
        self.run("app", "add", name, *words)
        return name

    def token(self, owner: str, *scopes: str, expires: str = "30d", name: str = "") -> str:
        """A new token of a user or an application (told by its name)."""
        option = "--app" if owner.startswith("app") else "--user"
        words = [word for scope in scopes for word in ("--scope", scope)]
        named = name or f"token {next(_names)}"
        return self.run("token", "create", option, owner, "--name", named, "--expires", expires, *words).out.strip()

    def sent(self, path: str = "/api/x", *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        """One check in Traefik's dialect; underscores in header names stand for hyphens."""
        facts = {
            "X-Forwarded-Method": method,
            "X-Forwarded-Uri": path,
            "X-Forwarded-Host": "app.example.org",
            "X-Forwarded-For": "192.0.2.7",
        }
        return self.get(self.check, "/check/traefik", facts | {k.replace("_", "-"): v for k, v in headers.items()})

    def reason(self, path: str, token: str) -> str:
        """`allowed`, or what a holder of the token is told."""
        status, headers, _ = self.sent(path, Authorization=f"Bearer {token}")
        return "allowed" if status == 200 else headers["x-auth-reason"]

    def allows(self, token: str, path: str = "/api/x") -> bool:
        """Whether a check with the token passes."""
        return self.reason(path, token) == "allowed"

    def put_into(self, login: str, *groups: str) -> None:
        """Put a user into these groups and no others."""

        async def change() -> None:
            async with self.installation.desk() as desk, desk.store.change(actor="test") as made:
                entry = await made.owner(login=login)
                assert entry is not None
                await made.set_groups(entry.owner.id, groups)

        asyncio.run(change())
        time.sleep(BOUND_S)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def changed_secret(token: str) -> str:
    """A well-formed token of the same handle with another secret."""
    from gateway.core.token import compose, new_secret, parse

    parsed = parse(token.encode(), brand="tg")
    assert parsed is not None
    return compose("tg", parsed.kind, parsed.id, new_secret(bytes(range(64)))).reveal()


def secret_of(token: str) -> str:
    """The part of the token that nobody but its holder knows."""
    return token.removeprefix(handle(token) + "_")


def installed(folder: Installation) -> Living:
    """The installation, serving."""
    made = Living(folder)
    made.start()
    return made
