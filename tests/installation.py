"""A real installation in a folder: made once by `token-gateway init`, copied for each test, used by the command."""

import contextlib
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from gateway.auth.desk import Desk
from gateway.cli.desk import load_settings, opened
from gateway.cli.main import app

CONFIG = """\
public_url: https://gateway.example.org
tokens:
  personal: {default_lifetime: 90d, max_lifetime: 366d}
  application: {default_lifetime: 366d, max_lifetime: unlimited}
groups: [staff, admins, guests]
permissions: {own_tokens: [staff, admins], any_tokens: [admins], users: [admins]}
scopes: {rest: REST and JSON API, write: Change things, export: Bulk export}
identity:
  default: {X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups}
routes:
  - {name: public, host: app.example.org, path: "/public/**", public: true}
  - {name: closed, host: app.example.org, path: "/closed/**", deny: true}
  - {name: read, host: app.example.org, path: "/api/**", methods: [GET], scopes: rest}
  - {name: write, host: app.example.org, path: "/api/**", methods: [POST], scopes: {all: [rest, write]}}
  - {name: machine, host: app.example.org, path: "/machine", authenticated: true, kinds: [application]}
  - {name: inside, host: app.example.org, path: "/inside", authenticated: true, networks: ["10.0.0.0/8"]}
  - {name: own, host: dav.example.org, path: "/{login}/**", authenticated: true}
"""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Installation:
    """One folder with configuration, key file and database; alice is its administrator."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "token-gateway.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "token-gateway.db"

    def run(self, *words: str, stdin: str | bytes | None = None) -> Ran:
        """Run a command in this process, as the operator would."""
        done = CliRunner().invoke(app, list(words), input=stdin, env={"TOKEN_GATEWAY_CONFIG": str(self.config)})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, done.stderr)

    def ok(self, *words: str, stdin: str | bytes | None = None) -> Ran:
        """Run a command that must succeed."""
        ran = self.run(*words, stdin=stdin)
        assert ran.code == 0, ran
        return ran

    def token(self, name: str = "ci", user: str = "alice", *scopes: str) -> str:
        """A new token of a user, whole."""
        words = [word for scope in scopes or ("rest",) for word in ("--scope", scope)]
        return self.ok("token", "create", "--user", user, "--name", name, *words).out.strip()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What is in the database, read apart from the program."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(statement).fetchall()

    def on_disk(self) -> bytes:
        """Every byte that the installation keeps, the key file and the configuration left out."""
        return b"".join(path.read_bytes() for path in self.folder.glob("token-gateway.db*"))

    @contextlib.asynccontextmanager
    async def desk(self) -> AsyncIterator[Desk]:
        """The installation opened for use cases."""
        async with opened(load_settings(self.config)) as desk:
            yield desk


def handle(token: str) -> str:
    """The public part of a token."""
    return token.rsplit("_", 1)[0]


@cache
def _made_once(where: Path) -> Path:
    done = CliRunner().invoke(app, ["init", str(where), "--admin", "alice"])
    assert done.exit_code == 0, done.output
    (where / "token-gateway.yaml").write_text(CONFIG, "utf-8")
    return where


def an_installation(template: Path, folder: Path) -> Installation:
    """A fresh copy of the installation that is made, once, at `template`."""
    shutil.copytree(_made_once(template), folder)
    return Installation(folder)
