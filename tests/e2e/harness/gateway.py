"""The gateway of the stories: asked through the real command, as an operator does.

What a story begins with, and what is only asked, the same command does inside this process: one of its own takes most
of a second.
"""

import os
import signal
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

from typer.testing import CliRunner

from gateway.cli.main import app
from tests.e2e.harness.process import Program, clean_env, free_port

BIN = Path(sys.prefix) / "bin"
ANOTHER = "TOKEN_GATEWAY_COMMAND"
HOSTS = ("app.example.org", "raw.example.org")

CONFIG = """\
listen:
  check: ["127.0.0.1:{check}", "unix:{folder}/check.sock"]
  portal: "127.0.0.1:{portal}"
  ops: "127.0.0.1:{ops}"
public_url: https://gateway.example.org
trusted_proxies: ["127.0.0.1/32", "unix"]
store: {{url: "sqlite:///token-gateway.db"}}
key_file: token-gateway.key
limits: {{failures: unlimited}}  # the stories fail on purpose, and all from one address
groups: [staff, admins]
permissions:
  {{own_tokens: [everyone], any_tokens: [admins], users: [admins], applications: [admins], audit: [admins]}}
scopes: {{rest: REST and JSON API, write: Change things, pull: Download}}
identity:
  default: {{X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups, X-Auth-Token-Name: token_name}}
  grafana: {{X-WEBAUTH-USER: login}}
defaults: {{credentials: [bearer, token, basic, "header:Auth-Token", "header:X-API-Key"]}}
routes:
  - host: [app.example.org, raw.example.org]
    routes:
      - {{name: public, path: "/anything/public/**", public: true}}
      - {{name: mounted, path: "/mounted/open/**", public: true}}
      - {{name: cors, path: "/anything/cors/**", methods: [GET, OPTIONS], scopes: rest, allow_preflight: true}}
      - {{name: read, path: "/anything/api/**", methods: [GET], scopes: rest}}
      - {{name: packages, path: "/anything/packages/**", methods: [GET], scopes: rest, lenient: [encoded_slash]}}
      - {{name: write, path: "/anything/api/**", methods: [POST, PUT, DELETE], scopes: {{all: [rest, write]}}}}
      - {{name: closed, path: "/anything/closed/**", deny: true}}
  - {{name: index, host: localhost, path: "/**", methods: [GET], scopes: pull, challenge: [basic]}}
"""


@dataclass
class Gateway:
    """One installation in a folder, and its running `serve`."""

    folder: Path
    check_port: int
    ops_port: int
    program: Program

    @classmethod
    def install(cls, folder: Path) -> "Gateway":
        """`token-gateway init`, then the stories' config in its place."""
        installed = folder / "gateway"
        check, portal, ops = free_port(), free_port(), free_port()
        program = Program(
            "token-gateway serve",
            [command(), "--config", str(installed / "token-gateway.yaml"), "serve"],
            folder / "gateway.log",
        )
        gateway = cls(installed, check, ops, program)
        prepare(["init", str(installed), "--admin", "operator"])
        (installed / "token-gateway.yaml").write_text(
            CONFIG.format(check=check, portal=portal, ops=ops, folder=installed), "utf-8"
        )
        return gateway

    def start(self) -> None:
        """Serve; returns when it is ready."""
        self.program.start(self._is_ready)

    def kill(self) -> None:
        """As the kernel does it when memory is short."""
        self.program.stop(signal.SIGKILL)

    def run(self, *words: str) -> str:
        """Run a command on this installation; its standard output, stripped."""
        return run([command(), "--config", str(self.folder / "token-gateway.yaml"), *words])

    def prepare(self, *words: str) -> str:
        """What `run` does, without a process of its own: for what a story begins with."""
        return prepare(["--config", str(self.folder / "token-gateway.yaml"), *words])

    def explains_as_allowed(self, token: str, url: str) -> bool:
        """What `explain` says of GET with the token, by its exit code."""
        secret = self.folder / "explained.token"
        secret.write_text(token)
        words = ["explain", "GET", url, "--token-file", str(secret), "--ip", "127.0.0.1"]
        code, _, said = tried(["--config", str(self.folder / "token-gateway.yaml"), *words])
        assert code in {0, 1}, said
        return code == 0

    def token(self, user: str, name: str, *scopes: str) -> str:
        """A new token of the user."""
        words = [word for scope in scopes for word in ("--scope", scope)]
        return self.prepare("token", "create", "--user", user, "--name", name, *words)

    def revoke(self, token: str) -> None:
        """Returns when no check allows the token any more."""
        self.run("token", "revoke", handle(token))

    def printed(self, proxy: str, into: Path, *, unix: bool = False) -> Path:
        """The proxy's config as `proxy-config` prints it, for the TCP or for the unix listener; the folder."""
        where = ["--address", f"unix:{self.folder}/check.sock"] if unix else []
        self.run("proxy-config", proxy, "--output", str(into), *where)
        return into

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}/health/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False


def handle(token: str) -> str:
    """The public part of a token."""
    return token.rsplit("_", 1)[0]


def command() -> str:
    """The command under test; TOKEN_GATEWAY_COMMAND names another, such as that of an installed wheel."""
    return os.environ.get(ANOTHER, str(BIN / "token-gateway"))


def tried(words: list[str]) -> tuple[int, str, str]:
    """Run the command in this process, or, where another one is under test, that one: exit code, output, errors."""
    if ANOTHER in os.environ:
        done = subprocess.run([command(), *words], capture_output=True, text=True, timeout=60, env=clean_env({}))
        return done.returncode, done.stdout, done.stderr
    ran = CliRunner().invoke(app, words)
    return ran.exit_code, ran.stdout, f"{ran.stderr}\n{ran.exception!r}"


def prepare(words: list[str]) -> str:
    """The same of a command that must succeed; what it printed, stripped."""
    code, out, said = tried(words)
    assert code == 0, f"{words} exited with {code}:\n{out}{said}"
    return out.strip()


def run(argv: list[str]) -> str:
    """Run a command to its end; an AssertionError with what it said unless it exits with 0."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, env=clean_env({}))
    assert done.returncode == 0, f"{argv} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout.strip()
