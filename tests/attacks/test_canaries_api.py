"""Marked secrets through the API, through what it makes, and through mails: each is in the one answer that is its own.

Two workers and a portal at level debug, a mail server with a login, and everything that they wrote looked through.
"""

import json
from pathlib import Path

import pytest

from bench.accounts import family
from gateway.web.api.cookie import SECURE
from tests.attacks.corpus import attack
from tests.attacks.portal import HOST, asked
from tests.attacks.test_canaries import Driven, everything, spellings
from tests.installation import an_installation, handle
from tests.post_office import PASSWORD as MAIL_PASSWORD
from tests.post_office import USER, post_office
from tests.process.serving import Serving
from tests.process.test_workers import until

ALICES, BOBS, GUESS = "CANARY-orchard, 7 quiet gates", "CANARY-lantern, 9 slow boats", "CANARY-guess, 8 loud drums"
KEY = "CANARY-8e03978e-40d5-43dd-bc93-6894a57f9324"
MAIL = (
    "mail: {{host: localhost, port: {port}, security: none, from: gw@example.org, user: {user}, password_file: smtp}}\n"
)
POWER = "users: [admins], applications: [admins], audit: [admins], explain: [admins], introspect: [admins]"


class Told(Driven):
    """One gateway that is told everything by its API. `own`: secrets, each with the one answer that it came in."""

    def __init__(self, serving, office):
        self.serving, self.office, self.came = serving, office, bytearray()
        self.own = []
        self.secrets = [ALICES, BOBS, GUESS, MAIL_PASSWORD]
        installation = serving.installation
        installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=ALICES + "\n")
        installation.ok("user", "add", "bob", "--group", "staff", "--email", "bob@example.org")

    def ask(self, method, path, body=None, **headers):
        """One request; what came back is kept, but for the part that is meant to be secret."""
        sent = {"Origin": f"https://{HOST}", **headers}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"Content_Type": "application/json", **sent}
        status, got, raw = asked(self.serving, method, path, body=body or b"", **sent)
        cookie = got.pop("set-cookie", "").partition(";")[0]
        found = json.loads(raw) if raw and got.get("content-type", "").startswith("application/json;") else {}
        if isinstance(found, dict) and "secret" in found and status in {200, 201}:
            assert raw.count(found["secret"].encode()) == 1
            self.own.append(found["secret"])
            self.secrets += [found["secret"][-30:], found["secret"][16:36]]  # half a secret is one, too
            raw = raw.replace(found["secret"].encode(), b"(shown once)")
        if value := cookie.partition("=")[2]:  # empty where it is removed
            self.secrets.append(value)
        self.came += everything((status, got, raw))
        return status, found, cookie

    def drive(self):
        """Every operation that takes or makes a secret, well and badly."""
        _, _, cookie = self.ask("POST", "/api/v1/session", {"login": "alice", "password": ALICES})
        mine = {"Cookie": cookie}
        assert self.ask("GET", "/api/v1/me", **mine)[0] == 200
        wish = {"name": "made", "scopes": ["rest"]}
        for _ in range(2):  # the second answer has another secret in place of the first
            assert self.ask("POST", "/api/v1/tokens", wish, Idempotency_Key=KEY, **mine)[0] in {200, 201}
        made = self.own[-1]
        assert (
            self.ask("POST", "/api/v1/tokens", {"name": "given", "scopes": ["rest"], "user": "bob"}, **mine)[0] == 201
        )
        given = self.own[-1]
        for token in (made, given):
            assert self.serving.ask(token)[0] == 200
            assert self.ask("POST", f"/api/v1/tokens/{handle(token)}/rotate", {}, **mine)[0] == 200
            assert self.serving.ask(token)[0] == 401
        assert len(set(self.own)) == 5
        bob = next(one["id"] for one in self.ask("GET", "/api/v1/users", **mine)[1]["items"] if one["login"] == "bob")
        assert self.ask("PUT", f"/api/v1/users/{bob}/password", {"password": BOBS}, **mine)[0] < 300
        self.ask("PUT", f"/api/v1/users/{bob}/password", {"password": BOBS * 40}, **mine)
        self.ask("PUT", "/api/v1/me/password", {"current": GUESS, "new": GUESS}, **mine)
        self.ask("POST", "/api/v1/session/proof", {"password": GUESS}, **mine)
        self._badly(made, mine)
        for path in ("tokens", "users", "audit", "audit/export", "me/sessions", f"tokens/{handle(made)}", "routes"):
            self.ask("GET", f"/api/v1/{path}", **mine)
        self.ask("POST", "/api/v1/audit/verify", {}, **mine)
        self.ask("DELETE", "/api/v1/session", **mine)
        self.ask("GET", "/api/v1/me", **mine)

    def _badly(self, token, mine):
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        self.ask("POST", "/api/v1/introspect", f"token={token}".encode(), **form, **mine)
        self.ask("POST", "/api/v1/introspect", f"token={token}&token={token}".encode(), **form, **mine)
        self.ask("POST", "/api/v1/explain", {"method": "GET", "url": f"https://{token}/", "token": token}, **mine)
        for field in ("name", "user", "scopes", token):
            self.ask("POST", "/api/v1/tokens", {"name": "x", "scopes": ["rest"], field: token}, **mine)
        self.ask("POST", "/api/v1/tokens", {"name": "x", "scopes": [f"Authorization: Bearer {token}"]}, **mine)
        self.ask(
            "POST", "/api/v1/tokens", {"name": {f"X-Auth-Something-Else: {token}": 1}, "x" * 60 + token: 1}, **mine
        )
        for said in (
            f"{token}=1",
            f"x-{'y' * 60}{token}=1",
            f"kind={token}",
            f"limit={token}",
            f"expires_before={token}",
        ):
            self.ask("GET", f"/api/v1/tokens?{said}", **mine)
        for name in ("actor", "action", "user", "address", "reason", "route", "since"):
            self.ask("GET", f"/api/v1/audit?{name}={token}", **mine)
        self.ask("POST", "/api/v1/tokens", token.encode(), Content_Type="application/json", **mine)
        self.ask("GET", f"/api/v1/tokens/{token}", **mine)
        self.ask("GET", f"/api/v1/tokens?name={token}&cursor={token}", **mine)
        self.ask("PATCH", f"/api/v1/tokens/{handle(token)}", {"name": token}, If_Match=token, **mine)
        self.ask("POST", f"/api/v1/tokens/{token}/rotate", {}, Idempotency_Key=token, **mine)
        self.ask("GET", "/api/v1/me", Authorization=f"Bearer {token}x", Cookie=f"{SECURE}={token}")
        self.ask("GET", "/api/v1/me", Cookie=f"{SECURE}={token}")

    def written(self):
        """Everything of all processes, and everything that was mailed."""
        pid = self.serving.process.pid
        found = super().written()
        for child in family(pid):
            about = Path(f"/proc/{child}")
            found[f"process {child}"] = (about / "cmdline").read_bytes() + (about / "environ").read_bytes()
        found.pop(str(self.serving.installation.folder / "smtp"))  # where the operator put it
        return found


@pytest.fixture(scope="module")
def told(template, tmp_path_factory):
    """All was said, all mails are out, and the gateway has ended."""
    installation = an_installation(template, tmp_path_factory.mktemp("canaries") / "gw")
    serving = Serving(installation, "--workers", "2")
    with post_office(login=True) as office:
        (installation.folder / "smtp").write_text(MAIL_PASSWORD + "\n")
        (installation.folder / "smtp").chmod(0o600)
        more = MAIL.format(port=office.port, user=USER) + "logs: {level: debug}\n"
        text = serving.base().replace("users: [admins]", POWER)
        installation.config.write_text(text + more, "utf-8")
        serving.start()
        made = Told(serving, office)
        try:
            until(lambda: installation.rows("SELECT mail_seq FROM meta") != [(None,)])
            made.drive()
            before = made.written()
            serving.stop()  # writes what was refused into the audit; the next start mails of all that happened
            serving.start()
            until(lambda: len(office.mails) >= 3)
            made.found = {f"{where}, before": text for where, text in before.items()} | made.written()
        finally:
            serving.stop()
    made.found["log at the end"] = serving.log.read_bytes()
    return made


def shown(where, text, secrets):
    """What stands there and must not."""
    return [(where, secret[:12]) for secret in secrets if any(spelling in text for spelling in spellings(secret))]


@attack("L03")
def test_no_secret_that_the_api_made_is_anywhere_but_in_its_answer(told):
    assert len(set(told.secrets)) >= 4 + 2 * 5 + 1, "passwords, secrets of tokens, the session"
    assert all(len(secret) >= 16 for secret in told.secrets)
    assert [found for where, text in told.found.items() for found in shown(where, text, told.secrets)] == []


@attack("L03")
def test_no_marked_secret_is_in_any_mail(told):
    subjects = sorted(mail["Subject"] for mail in told.office.mails)
    assert "A token was made for you: given" in subjects
    assert any(subject.startswith("An old secret") for subject in subjects)
    for mail, raw in zip(told.office.mails, told.office.raw, strict=True):
        assert shown("as sent", raw, told.secrets) == []
        assert shown("as read", (str(mail.items()) + mail.get_content()).encode(), told.secrets) == []


@attack("L03")
def test_the_search_finds_what_may_be_there(told):
    """Handles in log, answers and mails; the hashes in the database; the login of the mail server in its place."""
    handles = {handle(token).encode() for token in told.own}
    assert all(one in told.found["answers"] for one in handles)
    assert any(one in "".join(told.office.texts()).encode() for one in handles)
    assert b"argon2id" in told.found[str(told.serving.installation.database)] + b"".join(
        text for where, text in told.found.items() if where.endswith("-wal")
    )
    assert told.office.logins
    assert told.found["answers"].count(b"(shown once)") == 5


@attack("L03")
def test_none_of_it_was_a_fault_of_ours(told):
    lines = [json.loads(line) for line in told.found["log at the end"].decode().splitlines() if line.startswith("{")]
    assert [line for line in lines if line.get("level") in {"error", "critical"}] == []
