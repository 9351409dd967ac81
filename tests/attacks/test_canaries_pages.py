"""Marked secrets through the pages: a token in each field, passwords in and out of place, a page that fails.

A portal at level debug with a mail server; everything that it wrote is looked through, and each page that it showed.
"""

import asyncio
import json
import re
from pathlib import Path

import pytest

from gateway.web.portal.form import ONCE
from gateway.web.portal.rows import PAGES
from tests.attacks.corpus import attack
from tests.attacks.pages import COOKIE, TOKEN, Pages, Powerful, acting, filled, shown
from tests.attacks.test_canaries import Driven, everything, spellings
from tests.attacks.test_canaries_api import MAIL, MAIL_PASSWORD, USER
from tests.installation import an_installation, handle
from tests.post_office import post_office
from tests.process.test_workers import until
from tests.unit.web.api.portal import portal
from tests.unit.web.portal.test_signing_in import signed_in

ALICES, CAROLS, GUESS = "CANARY-orchard, 7 quiet gates", "CANARY-lantern, 9 slow boats", "CANARY-guess, 8 loud drums"
CAROL = "carol@example.org"
APP_SECRET = "CANARY-basic, 6 round tables"
PASTED = "tgp_CANARYpaste_" + "C4n4ry" * 6 + "xx"  # of the form of a token, and none
TEXTS = (
    "name",
    "login",
    "email",
    "contact",
    "organisations",
    "scope",
    "networks",
    "hosts",
    "idle",
    "expires",
    "group",
    "grace",
)
TEXTS += (
    "expires_on",
    "url",
    "method",
    "token",
    "address",
    "basic_user",
    "user",
    "application",
    "version",
    "act",
    "back",
    "to",
)
ENDING = (
    "sign_out",
    "sessions_others",
    "audit_verify",
    "token_revoke",
    "user_disable",
    "session_end",
    "password",
)  # too soon
FILTERS = (
    "name",
    "owner",
    "search",
    "actor",
    "action",
    "token",
    "owner",
    "address",
    "url",
    "route",
    "user",
    "to",
    "after",
    "x",
)


class Told(Driven):
    """A portal that is told everything by its pages. `own`: what each showed once, with the page that did."""

    def __init__(self, serving, office):
        self.serving, self.office, self.came = serving, office, bytearray()
        self.own = []
        self.secrets = [ALICES, CAROLS, GUESS, APP_SECRET, MAIL_PASSWORD, PASTED[-30:]]
        self.pages = Pages(serving)

    def take(self, came):
        """Keep what came back, but for what is meant to be secret: there once, on the page that makes it."""
        text = came.body
        for output in re.findall(rb'<output id="secret">([^<]+)</output>', text):
            self.own.append(output.decode())
            self.secrets.append(output.decode()[-30:])
            text = text.replace(output, b"(shown once)")
        headers = dict(came.headers)
        cookie = headers.pop("set-cookie", "").partition(";")[0].partition("=")[2]
        self.secrets += [cookie] if cookie else []
        self.came += everything((came.status, headers, text))
        return came, cookie

    def send(self, path, fields, who="alice", **headers):
        return self.take(self.pages.send(path, fields, who, **headers))[0]

    def get(self, path, who="alice"):
        return self.take(self.pages.get(path, who))[0]

    def drive(self):
        """Every page well, and every page badly."""
        _, cookie = self.take(self.pages.send("/sign-in", {"login": "alice", "password": ALICES}, ""))
        self.pages.cookies["alice"] = f"{COOKIE}={cookie}"
        assert self.get("/").status == 200
        assert self.send("/tokens/new", {"name": "made", "scope": "rest", "expires": "30d"}).status == 200
        made = self.own[-1]
        assert self.serving.ask(made)[0] == 200
        assert self.send(f"/tokens/{handle(made)}/rotate", {"grace": "0"}).status == 200
        assert self.serving.ask(made)[0] == 401
        self.send("/users/new", {"login": "carol", "group": "staff", "email": CAROL})
        carol = self.pages.id_of("carol")
        assert self.send(f"/users/{carol}/password", {"how": "made"}).status == 200
        assert self.send(f"/users/{carol}/password", {"how": "typed", "password": CAROLS}).status == 303
        assert (
            self.send("/tokens/new", {"name": "given", "scope": "rest", "expires": "30d", "user": "carol"}).status
            == 200
        )
        self.parts = {"token": handle(made), "id": carol, "session": self.pages.sessions_of("alice")[0], "order": "1"}
        self._badly(made)
        for page in shown():
            self.get(filled(page, self.parts))
        self.send("/audit/verify", {})
        assert self.get("/").status == 200, "still signed in"

    def _paste(self, path, secret):
        """Into each field of the page by itself; and into all that there are at once, with and without a session."""
        for name in set(re.findall(r'name="(\w+)"', self.get(path).text)) - {ONCE}:
            self.send(path, {"name": "x", "scope": "rest", "expires": "30d", "email": CAROL, name: secret})
        for all_ in (secret, PASTED):
            self.send(path, {**dict.fromkeys(TEXTS, all_), "login": "alice", "password": all_, "kept.name": all_}, "")
            self.send(path, dict.fromkeys(TEXTS, all_))

    def _badly(self, token):
        acts = [page for page in acting() if page.name not in ENDING]
        for page in acts:
            self._paste(filled(page, self.parts), token)
            for secret in (token, PASTED, GUESS):
                passwords = dict.fromkeys(("password", "new", "again"), secret)
                self.send(filled(page, self.parts), {**passwords, "how": "typed", "login": "carol"}, "")
        for fields in ({"login": "alice", "password": GUESS}, {"login": "alice", "password": GUESS * 40}):
            self.send("/sign-in", fields, "")
        self.send("/password", {"current": GUESS, "new": CAROLS, "again": CAROLS})
        self.send("/password", {"current": ALICES, "new": GUESS, "again": GUESS + "x"})
        self.send(f"/users/{self.parts['id']}/password", {"how": "typed", "password": "x", "proof": GUESS})
        for body in (token.encode(), b"name=" + token.encode() + b"&x=%FF", b"&".join([token.encode()] * 600)):
            self.send("/tokens/new", body)
            self.send("/tokens/new", body, Content_Type="text/plain")
        for secret in (token, PASTED, token.replace("_", "%5F")):
            for page in shown():
                self.get(filled(page, {**self.parts, "token": secret}))
            for path in (
                "/",
                "/tokens",
                "/users",
                "/applications",
                "/audit",
                "/explain",
                "/routes",
                "/sign-in",
                "/nothing",
                f"/{secret}",
            ):
                self.get(path + "?" + "&".join(f"{name}={secret}" for name in FILTERS))
                self.get(path + f"?x={secret}", "")


@pytest.fixture(scope="module")
def told(template, tmp_path_factory):
    """All was said, the mails are out, and the gateway has ended."""
    installation = an_installation(template, tmp_path_factory.mktemp("canaries") / "gw")
    serving = Powerful(installation)
    with post_office(login=True) as office:
        for name, text in (("smtp", MAIL_PASSWORD), ("app", APP_SECRET)):
            (installation.folder / name).write_text(text + "\n")
            (installation.folder / name).chmod(0o600)
        gives = "authorization: {secret_file: app}"
        route = f'  - {{name: app, host: sap.example.org, path: "/**", authenticated: true, {gives}}}\n'
        more = MAIL.format(port=office.port, user=USER) + "logs: {level: debug}\n"
        installation.config.write_text(serving.base().replace("routes:\n", "routes:\n" + route) + more, "utf-8")
        installation.ok("user", "passwd", "alice", "--stdin", "--no-must-change", stdin=ALICES + "\n")
        serving.start()
        made = Told(serving, office)
        try:
            until(lambda: installation.rows("SELECT mail_seq FROM meta") != [(None,)])
            made.drive()
            before = made.written()
            made.pages.close()
            serving.stop()
            serving.start()  # and mails of what happened
            until(lambda: len(office.mails) >= 1)
            made.found = {f"{where}, before": text for where, text in before.items()} | made.written()
        finally:
            made.pages.close()
            serving.stop()
        made.found |= {str(path): path.read_bytes() for path in installation.folder.glob("token-gateway.db*")}
    made.found["log at the end"] = serving.log.read_bytes()
    put = tuple(str(installation.folder / name) for name in ("smtp", "app"))  # by the operator
    made.found = {where: text for where, text in made.found.items() if not where.startswith(put)}
    return made


def standing(where, text, secrets):
    """What stands there and must not."""
    return [(where, secret[:12]) for secret in secrets if any(spelling in text for spelling in spellings(secret))]


@attack("L03", "C18", "M02")
def test_no_secret_that_went_through_a_page_is_in_anything_that_the_gateway_wrote(told):
    assert len(told.own) >= 4, "tokens made and rotated, and an initial password"
    for where, text in told.found.items():
        assert standing(where, text, [one for one in set(told.secrets) if one != GUESS]) == []


@attack("L03")
def test_a_password_in_its_field_is_repeated_nowhere(told):
    assert [where for where, text in told.found.items() if standing(where, text, [GUESS])] == []


@attack("L03")
def test_no_mail_about_what_pages_did_holds_a_secret(told):
    assert told.office.mails
    for raw in told.office.raw:
        assert standing("mail", raw, set(told.secrets)) == []


@attack("L03")
def test_the_search_finds_what_pages_may_show_and_nothing_of_it_was_a_fault(told):
    assert told.found["answers"].count(b"(shown once)") >= 4
    assert handle(told.own[0]).encode() in told.found["answers"]
    assert b"argon2id" in b"".join(text for where, text in told.found.items() if "token-gateway.db" in where)
    lines = [json.loads(line) for line in told.found["log at the end"].decode().splitlines() if line.startswith("{")]
    assert [line for line in lines if line.get("level") in {"error", "critical"}] == []
    assert {page.name for page in PAGES} >= {"token_new", "token_rotate", "user_password", "password", "sign_in"}


@attack("L03")
async def test_a_page_that_fails_inside_tells_nobody_what_it_had_in_hand(installed, monkeypatch, capfd, caplog):
    """The error and its traceback hold no field of the form, no cookie and no secret that was just made."""
    async with portal(installed) as at:
        cookie = await signed_in(at)

        async def broken(*_, **__):
            raise RuntimeError("it broke")

        monkeypatch.setattr("gateway.web.portal.pages.tokens.lines_for", broken)
        came = await at.send(
            "/tokens/new", cookie=cookie, name="x", scope="rest", proof=GUESS, password=GUESS, current=PASTED
        )
        assert (came.status, "Something went wrong here" in came.text) == (500, True)
        assert not TOKEN.search(came.text)
    await asyncio.sleep(0)
    out, err = capfd.readouterr()
    text = (out + err + caplog.text).encode()
    assert b"request failed" in text
    assert standing("log", text, [GUESS, PASTED[-30:], cookie.partition("=")[2]]) == []
    assert not TOKEN.search(text.decode())


def test_where_the_database_is_was_looked_through(told):
    assert any(Path(where).name.startswith("token-gateway.db") for where in told.found)
