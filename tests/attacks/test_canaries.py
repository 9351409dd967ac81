"""Secrets are marked, driven through every way into a gateway that logs all it can, and looked for in all it wrote."""

import contextlib
import json
import re
import socket
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.web.api.cookie import SECURE
from gateway.web.check.dialects import DIALECTS
from tests.attacks.corpus import attack
from tests.attacks.portal import HOST, asked
from tests.attacks.test_heads import MALFORMED
from tests.installation import an_installation
from tests.process.serving import Serving
from tests.request_tracker import a_token, export

MORE = """\
  - {name: query, host: app.example.org, path: /query, authenticated: true, credentials: [bearer, "query:auth_token"]}
  - {name: form, host: app.example.org, path: /form, authenticated: true, credentials: ["form:auth_token"]}
  - {name: rt, host: app.example.org, path: /rt, authenticated: true, credentials: [bearer, basic, rt]}
  - {name: app, host: app.example.org, path: /app, authenticated: true, authorization: {secret_file: app-secret}}
import: {rt_until: "2099-12-31"}
logs: {level: debug}
"""
URL = "https://app.example.org/api/x"
FORM_HEAD = (
    "POST /check/traefik HTTP/1.1\r\nHost: g\r\nX-Forwarded-Method: POST\r\nX-Forwarded-Uri: /form\r\n"
    "X-Forwarded-Host: app.example.org\r\nX-Forwarded-For: 192.0.2.7\r\nContent-Length: {length}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
)
APP_SECRET = "CANARY-for-the-app-4711-abcdef"
PASSWORD = "CANARY-orchard, 7 quiet gates"
WRONG_PASSWORD = "CANARY-wrong, 8 quiet gates"


def raw(port: int, data: bytes) -> bytes:
    """Everything that comes back until the other end closes or is quiet."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.settimeout(0.15)
        try:
            connection.sendall(data)
            while chunk := connection.recv(65536):
                got += chunk
        except OSError:
            pass
    return got


class Driven:
    """One gateway at level debug, what was told to it in secret, and everything that came out of it."""

    def __init__(self, serving: Serving) -> None:
        self.serving, self.came, self.allowed = serving, bytearray(), 0
        installation = serving.installation
        installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=PASSWORD + "\n")
        self.token, self.ended = installation.token("used"), installation.token("ended")
        installation.ok("token", "revoke", self.ended[:15])
        guess = self.token[:20] + "Z" * (len(self.token) - 20)
        slip = "tgp_CANARYtoken1_" + "C4n4ry" * 6 + "xx"  # its id is too long
        self.of_rt = self._moved_in()
        self.tokens = (self.token, self.ended, guess, slip, self.of_rt, self.of_rt[:-4] + "0000")
        # The public part of a token is for logs; what follows it is not.
        self.secrets = [
            *(token[-30:] for token in self.tokens),
            self.token[16:36],
            self.ended[16:36],
            PASSWORD,
            WRONG_PASSWORD,
            APP_SECRET,
        ]

    def _moved_in(self) -> str:
        """A token of Request Tracker, which is kept as the hash that its export has."""
        held, file = a_token(), self.serving.installation.folder / "rt.csv"
        file.write_text(export([held]), "utf-8")
        self.serving.installation.ok("import", "rt-tokens", str(file), "--scope", "rest")
        return held.presented

    def drive(self) -> None:
        """Every way in."""
        for token in self.tokens:
            self._checks(token)
            self._forms(token)
            self._portal(token)
        for case in MALFORMED:
            for head in case.values[0]:
                marked = head.replace(b"SECRETCANARY", self.tokens[0].encode())
                for port in (self.serving.check, self.serving.portal, self.serving.ops):
                    self.came += raw(port, marked)
        self._sign_in()
        self._commands()

    def _checks(self, token: str) -> None:
        basic = b64encode(f"alice:{token}".encode()).decode()
        reversed_basic = b64encode(f"{token}:x".encode()).decode()
        lines = [f"Authorization: {scheme} {token}" for scheme in ("Bearer", "token", "Basic", "Digest", "")]
        lines += [f"Authorization: Basic {basic}", f"Authorization: Basic {reversed_basic}", f"X-API-Key: {token}"]
        lines += [f"Proxy-Authorization: Bearer {token}", f"Cookie: {SECURE}={token}", f"X-Auth-User: {token}"]
        lines += [f"Authorization: Bearer {token}\r\nAuthorization: Bearer x", f"{token}: x", f"User-Agent: {token}"]
        paths = ["/api/x", f"/api/{token}", f"/api/x?auth_token={token}", f"/api/;t={token}", f"/api/../{token}", "/x"]
        paths += [f"/query?auth_token={token}", f"/query?auth_token={token}&auth_token=x", "/rt"]
        paths += [f"/api/{token.replace('_', '%5F')}", f"/api/{token.replace('_', '%255f')}", f"/api/{escaped(token)}"]
        for name in DIALECTS:
            kind = "Original" if name == "nginx" else "Forwarded"
            for path in paths:
                for line in lines if path in {"/api/x", "/x", "/rt"} else lines[:1]:
                    self.came += raw_check(self.serving.check, name, kind, path, line)
        for broken in (f"GET /check/{token} HTTP/1.1", f"{token} / HTTP/1.1", f"GET /check/traefik?{token} HTTP/1.1"):
            self.came += raw(self.serving.check, f"{broken}\r\nHost: {token}\r\n\r\n".encode())

    def _forms(self, token: str) -> None:
        for body in (f"auth_token={token}", f"auth_token={token}&auth_token=x", f"auth_token={token}%zz", token):
            for length in (len(body), len(body) + 9):  # the second breaks off
                head = FORM_HEAD.format(length=length)
                self.came += raw(self.serving.check, f"{head}{body}".encode())

    def _portal(self, token: str) -> None:
        for port in (self.serving.portal, self.serving.ops):
            for path in (f"/api/v1/token?token={token}", f"/{token}", "/api/v1/token", "/api/v1/me"):
                for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"{SECURE}={token}"}):
                    self.came += everything(asked(self.serving, "GET", path, port=port, **headers))
        for body in (f"token={token}x", f"token={token}&token={token}", f"{token}", f'{{"token": "{token}"'):
            for kind in ("application/x-www-form-urlencoded", "application/json"):
                self.came += everything(
                    asked(self.serving, "POST", "/api/v1/token/revoke", body=body.encode(), Content_Type=kind)
                )

    def _sign_in(self) -> None:
        origin = {"Content_Type": "application/json", "Origin": f"https://{HOST}"}
        for given in (WRONG_PASSWORD, PASSWORD, PASSWORD + "\0", PASSWORD * 400):
            for body in (
                {"login": "alice", "password": given},
                {"login": given, "password": given},
                {"x": given},
                given,
            ):
                text = json.dumps(body).encode()
                status, headers, answer = asked(self.serving, "POST", "/api/v1/session", body=text, **origin)
                cookie = headers.pop("set-cookie", "").partition(";")[0]
                self.came += everything((status, headers, answer))
                if cookie:
                    self.secrets.append(cookie.partition("=")[2])
                    self.came += everything(asked(self.serving, "GET", "/api/v1/me/sessions", Cookie=cookie))
                    proof = json.dumps({"password": WRONG_PASSWORD}).encode()
                    self.came += everything(
                        asked(self.serving, "POST", "/api/v1/session/proof", body=proof, Cookie=cookie, **origin)
                    )

    def _commands(self) -> None:
        for words in (
            *(
                ("config", "show"),
                ("config", "show", "--json"),
                ("audit", "list"),
                ("audit", "export"),
                ("routes",),
            ),
            *(("token", "list"), ("token", "show", self.token[:15]), ("token", "show", self.token), ("user", "list")),
            *(("token", "revoke", self.token + "x"), ("user", "passwd", "nobody", "--stdin")),
        ):
            self._command(words, PASSWORD)
        for token in self.tokens:
            self._command(("explain", "GET", URL, "--token-file", "-"), token)
            self._command(("explain", "GET", URL, "--token-id", token))
            self._command(("token", "edit", token, "--name", token))
            if "CANARY" in token:  # it is spelled like no token that there is, and so may be a name
                continue
            for url in (f"{URL}?auth_token={token}", f"{URL}/{token}", f"{URL}/{escaped(token)}", f"https://{token}/x"):
                self._command(("explain", "GET", url))
                self._command(("explain", "GET", url, "--json"))
            self._command(("explain", token, URL, "--ip", token, "--as", token, "--basic-user", token))
            self._command(("token", "create", "--user", "alice", "--name", "x", "--host", token, "--network", token))
            self._command(("user", "add", token))
            file = self.serving.installation.folder / "people.csv"
            for line in (f"{token},,", f"x,{token},", f"x,,{token}", f"x,{'y' * 60}{token}{'w' * 60},", f"{token},x"):
                file.write_text(f"login,name,groups\n{line}\n", "utf-8")
                report = file.with_name(f"refused-{len(self.came)}.csv")
                self._command(("import", "users", str(file), "--report", str(report)))
                assert report.exists(), "it is looked through like everything else there"
                self._command(("user", "sync", str(file)))
            long = f"Authorization: Bearer {token}"  # half of it within what is repeated of a word
            self._command(("token", "create", "--user", "alice", "--name", "x", "--scope", long))
            file.write_text(f"login,{'y' * 30}{token},{long}\n", "utf-8")
            self._command(("import", "users", str(file)))
            self._command(("import", "rt-tokens", str(file)))
            file.unlink()
        self._command(("token", "revoke", "--stdin"), "\n".join(one + "x" for one in self.tokens))

    def _command(self, words: tuple[str, ...], given: str = "") -> None:
        ran = self.serving.installation.run(*words, stdin=f"{given}\n")
        self.came += (ran.out + ran.err).encode()

    def written(self) -> dict[str, bytes]:
        """Everything that can be read of it from outside, by where it stands."""
        process = self.serving.process
        assert process is not None
        about = Path(f"/proc/{process.pid}")
        found = {"answers": bytes(self.came), "command line": (about / "cmdline").read_bytes()}
        found["metrics"] = everything(asked(self.serving, "GET", "/metrics", port=self.serving.ops))
        for descriptor in (about / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                behind = descriptor.readlink()  # of files that were unlinked, too
                if str(behind).startswith("/") and descriptor.is_file():
                    found[str(behind)] = descriptor.read_bytes()
        for path in self.serving.installation.folder.rglob("*"):
            if path.is_file():
                found[str(path)] = path.read_bytes()
        return found


def everything(answer: tuple[int, dict[str, str], bytes]) -> bytes:
    """An answer as one text."""
    return json.dumps(answer[1]).encode() + answer[2]


def raw_check(port: int, dialect: str, kind: str, path: str, line: str) -> bytes:
    """One check on a connection that is closed behind it."""
    host = "X-Forwarded-Host: app.example.org\r\nHost: g" if kind == "Forwarded" else "Host: app.example.org"
    facts = f"X-{kind}-Method: GET\r\nX-{kind}-URI: {path}\r\nX-Forwarded-For: 192.0.2.7\r\n{host}"
    return raw(port, f"GET /check/{dialect} HTTP/1.1\r\n{facts}\r\n{line}\r\nConnection: close\r\n\r\n".encode())


@pytest.fixture(scope="module")
def driven(template, tmp_path_factory):
    """Everything was tried, and the gateway has ended, so that all is written."""
    installation = an_installation(template, tmp_path_factory.mktemp("canaries") / "gw")
    secret, temporary = installation.folder / "app-secret", installation.folder / "tmp"
    secret.write_text(f"Bearer {APP_SECRET}\n", "utf-8")
    secret.chmod(0o600)
    temporary.mkdir()
    serving = Serving(installation)
    serving.write(MORE)
    with pytest.MonkeyPatch.context() as surroundings:
        surroundings.setenv("TMPDIR", str(temporary))  # what is put aside there is looked through, too
        serving.start()
    made = Driven(serving)
    try:
        assert APP_SECRET in serving.ask(made.token, "/app")[1]["authorization"], "it is for the proxy, once it passes"
        made.drive()
        made.found = made.written()
    finally:
        serving.stop()
    made.found["log at the end"] = serving.log.read_bytes()
    assert APP_SECRET.encode() in made.found.pop(str(secret)), "it stands in its own file alone"
    return made


def escaped(text: str) -> str:
    """Percent-encoded, every character of it."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def spellings(secret: str) -> list[bytes]:
    """As it is, and as it could have been written down."""
    plain = secret.encode()
    words = (quote(secret), escaped(secret), plain.hex(), json.dumps(secret)[1:-1], secret[::-1])
    inside = [b64encode(b"x" * shift + plain)[4:-4] for shift in range(3)]  # wherever in a base64 it stands
    return [plain, plain.lower(), *map(str.encode, words), *inside]


@attack("L03", "T17", "C18")
def test_no_marked_secret_is_in_anything_that_the_gateway_wrote(driven):
    shown = [
        (where, secret[:12])
        for where, text in driven.found.items()
        for secret in driven.secrets
        if any(spelling in text for spelling in spellings(secret))
    ]
    assert shown == []


@attack("L03")
def test_what_was_looked_through_is_what_there_is(driven):
    """The search finds what is there: handles in log and audit, hashes in the database, reasons in answers."""
    handle = driven.token[:15].encode()
    assert handle in driven.found["log at the end"]
    assert handle in driven.found["answers"]
    assert b"argon2id" in driven.found[str(driven.serving.installation.database)] + b"".join(
        text for where, text in driven.found.items() if where.endswith("-wal")
    )
    assert b"invalid_token" in driven.found["answers"]
    assert b"serve" in driven.found["command line"]
    assert b"gateway_checks" in driven.found["metrics"] or b"checks" in driven.found["metrics"]
    for passed in ("query", "form", "rt"):
        assert re.search(rf'"route": ?"{passed}"'.encode(), driven.found["log at the end"])
    assert len(driven.secrets) >= 12, "the session of the right password is among them"


@attack("L03")
def test_no_request_of_all_these_was_a_fault_of_ours(driven):
    text = driven.found["log at the end"].decode()
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    assert [one for one in events if one.get("level") in {"error", "critical"}] == []
    assert "Traceback" not in text
