"""M01, M02, M10-M14, D22-D24, L01 against the pages: whatever is typed, pasted or named, a page is a page."""

import json
import re
import socket
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import pytest

from gateway.web.portal.rows import PAGES
from tests.attacks.corpus import attack
from tests.attacks.pages import ORIGIN, PASSWORD, Pages, Powerful, acting, filled, shown
from tests.attacks.portal import HOST
from tests.installation import an_installation, handle

MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}%(who)s",
    "javascript:alert(1)",
    "</title></textarea></option><svg onload=alert(1)>",
    "' autofocus onfocus='alert(1)",
    "<!--<script>&lt;",
)
CONTACT = '<b onmouseover="alert(1)">help</b>'


@pytest.fixture(scope="module")
def at(template, tmp_path_factory):
    """Everything that people name has a name that is markup."""
    serving = Powerful(an_installation(template, tmp_path_factory.mktemp("input") / "gw"))
    serving.write(f"support_contact: {json.dumps(CONTACT)}\n")
    serving.start()
    made = Pages(serving)
    made.person("alice")
    installation = serving.installation
    for number, text in enumerate(MARKUP):
        installation.ok("user", "add", f"person{number}", "--name", text, "--group", "staff")
    installation.ok("app", "add", "program", "--contact", "help@example.org")
    for name in MARKUP:
        made.send("/tokens/new", {"name": name, "scope": "rest", "expires": "30d"})
    made.send("/sign-in", {"login": "alice", "password": PASSWORD}, "", User_Agent=MARKUP[1] + "\u202e")
    made.tokens["alice"] = installation.token("hers")
    yield made
    made.close()
    assert serving.stop() == 0


class Read(HTMLParser):
    """A page as a browser reads it: `wrong` has what no page of ours holds."""

    ADDRESSES = ("href", "src", "action", "formaction", "data-address", "data-copy")

    def __init__(self, page):
        super().__init__()
        self.wrong, self.scripts = [], 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.scripts += tag == "script"
        is_image_of_ours = tag == "img" and dict(attrs).get("src", "").startswith("/static/")
        if tag in {"img", "object", "embed", "iframe", "base", "b"} and not is_image_of_ours:
            self.wrong.append((tag, attrs))
        for name, value in attrs:
            is_code = name.startswith("on") or name in {"style", "autofocus", "srcdoc"}
            is_address = name in self.ADDRESSES and not re.match(r"[/#]|mailto:|[A-Za-z0-9-]+$", value or "#")
            if is_code or is_address:
                self.wrong.append((tag, name, value))


def is_ours(came):
    """Whether there is nothing on the page but what we wrote, and no value became more than a text."""
    read = Read(came.text)
    assert read.wrong == []
    assert read.scripts == 1
    return True


def addresses(at):
    """The address of every page, about alice and what is hers."""
    parts = {"token": handle(at.tokens["alice"]), "id": at.id_of("person1"), "session": at.sessions_of("alice")[0]}
    return [filled(page, {**parts, "order": "1"}) for page in shown()]


@attack("M01")
def test_no_name_that_anybody_chose_is_more_than_text_on_any_page(at):
    marked = 0
    for path in [*addresses(at), "/tokens?size=500", f"/applications/{at.id_of('program')}"]:
        came = at.get(path)
        assert came.status in {200, 303, 403, 404, 409, 422}, path
        assert came.status == 303 or is_ours(came)
        marked += "&lt;script&gt;" in came.text
        assert "49" not in re.findall(r"\{\{7\*7\}\}|\b49\b", came.text)
    assert marked >= 3, "the account, all tokens, the users: the names are there"


@attack("M01", "M14")
@pytest.mark.parametrize("first", [0, 2, 4])
def test_no_parameter_is_more_than_text_on_any_page(at, first):
    """Each of them with another text, at every page."""
    names = ["name", "owner", "state", "search", "actor", "action", "url", "method", "address", "to", "since", "user"]
    texts = [quote(MARKUP[(first + number) % len(MARKUP)], safe="") for number in range(len(names))]
    query = "&".join(f"{name}={text}" for name, text in zip(names, texts, strict=True))
    for path in dict.fromkeys(addresses(at)):
        came = at.get(f"{path}?{query}")
        assert came.status in {200, 303, 400, 403, 404, 409, 422}, path
        assert came.status == 303 or is_ours(came)


@attack("M01", "M12")
@pytest.mark.parametrize(
    "text", [*MARKUP, "=cmd|' /C calc'!A0", "a\u202eb", "a\u200bb", "a\x00b", "\x1b[2J", "x" * 4000, "", " ", "\n"]
)
def test_whatever_is_typed_into_a_form_is_text_or_refused(at, text):
    for path in ("/tokens/new", "/users/new", "/applications/new", "/explain", "/sign-in"):
        names = (
            "name",
            "login",
            "email",
            "scope",
            "networks",
            "hosts",
            "idle",
            "group",
            "organisations",
            "url",
            "token",
        )
        wrong = {
            **dict.fromkeys((*names, "address", "basic_user", "expires", "expires_on", "current"), text),
            "expires": "custom",
        }
        came = at.send(path, wrong, "" if path == "/sign-in" else "alice")
        assert came.status in {403, 404, 413, 422}, path
        assert is_ours(came)


@attack("M02")
def test_no_page_of_an_error_repeats_what_was_asked_for(at):
    mark = "SEENMARK"
    svg = quote(f'"><svg onload={mark}>', safe="")
    for path in (f"/{svg}", f"/tokens/{svg}", f"/users/{svg}/edit", f"/routes/{svg}", f"/static/{svg}/{svg}"):
        for came in (at.get(f"{path}?{svg}={svg}", User_Agent=mark, Referer=f"{ORIGIN}/{mark}"), at.ask("PUT", path)):
            assert came.status in {400, 404, 405, 422}, path
            assert mark not in came.text + str(came.headers)
    assert mark not in at.get(f"/tokens?{mark}=1&name=a&name={mark}").text


@attack("M10")
def test_fields_that_only_we_may_set_count_for_nothing(at):
    """A form is no list of columns: the page takes its own fields, and nothing else of them."""
    more = {
        "id": "1",
        "owner_id": at.id_of("person1"),
        "is_admin": "true",
        "uses": "0",
        "created_at": "1970-01-01",
        "enabled": "",
    }
    more |= {
        "created_by": "cli:root",
        "permission": "users",
        "proof_at": "9999-12-31",
        "suspended_at": "",
        "kind": "application",
    }
    came = at.send("/tokens/new", {"name": "mine alone", "scope": "rest", "expires": "30d", **more})
    assert came.status == 200
    rows = at.serving.installation.rows
    ((owner, maker, kind),) = rows("SELECT owner_id, created_by, kind FROM tokens WHERE name = 'mine alone'")
    assert (owner, maker, kind) == (at.id_of("alice"), at.id_of("alice"), "personal")
    before = rows("SELECT * FROM owners WHERE login = 'person2'")
    path = f"/users/{at.id_of('person2')}/edit"
    version = re.search(r'name="version" value="(\d+)"', at.get(path).text)[1]
    same = {"name": MARKUP[2], "email": "", "organisations": "", "version": version}
    assert at.send(path, {**same, **more, "login": "root", "group": "admins", "sso": "yes"}).status == 303
    assert rows("SELECT * FROM owners WHERE login = 'person2'") == before


ODD = (
    *(
        "\x00",
        "%'_",
        "9" * 25,
        "-1",
        "1e400",
        "99999999999d",
        "never",
        "\u0661",
        "0001-01-01T00:00:00+14:00",
        "a" * 5000,
    ),
    *("9999-12-31T23:59:59-14:00", "1" * 18, "1.a", "9999999999999999999.A", "https://[::1/x", "http://a:99999/"),
    *("https://" + "a." * 500 + "x/", "1.2.3.4/33", "fe80::1%eth0"),
)
LISTS = {
    "/": ("revoked",),
    "/tokens": (
        "name",
        "owner",
        "state",
        "scope",
        "group",
        "expires",
        "before",
        "later",
        "size",
        "after",
        "user",
        "sort",
    ),
    "/users": ("search", "group", "organisation", "state", "signs_in", "after"),
    "/audit": ("actor", "action", "token", "owner", "address", "reason", "route", "since", "until", "below"),
    "/explain": ("url", "method", "token", "address", "basic_user", "preflight", "route", "host"),
    "/routes": ("search", "access", "use", "after"),
    "/tokens/new": ("user", "application"),
    "/tokens/stop": ("user", "act"),
    "REACH": ("address", "after"),
}


@attack("M14")
@pytest.mark.parametrize("path", LISTS)
def test_no_filter_place_or_size_is_a_fault(at, path):
    """Whatever stands in an address: a page, a refusal in words, and never a failure of ours."""
    at_path = f"/tokens/{handle(at.tokens['alice'])}/reach" if path == "REACH" else path
    for name in LISTS[path]:
        for value in [quote(text, safe="") for text in ODD] + ["%FF%FE", "%ED%A0%80", "%zz"]:
            came = at.get(f"{at_path}?{name}={value}")
            assert came.status in {200, 303, 400, 403, 404, 422}, (name, value)
    assert len(at.get("/tokens?size=1000000000").body) < 1_000_000


BUTTONS = ("sign_out", "sessions_others", "audit_verify")  # forms without a field
NO_FORMS = {
    "ten thousand fields": b"&".join(b"f%d=1" % number for number in range(10_000)),
    "one field a thousand times": b"name=x&" * 1000,
    "separators alone": b"&" * 5000,
    "equal signs alone": b"=" * 5000,
    "megabytes": b"name=" + b"x" * 3_000_000,
    "latin-1": "name=\u00e9".encode("latin-1"),
    "utf-8, not escaped": "name=\u00e9".encode(),
    "half a character": b"name=%C3",
    "a surrogate": b"name=%ED%A0%80",
    "overlong": b"name=%C0%AE",
    "utf-16": "name=x".encode("utf-16"),
    "json": b'{"name":' * 1500,
    "digits": b"version=" + b"9" * 9000,
}


@attack("D22", "D23")
@pytest.mark.parametrize("kind", NO_FORMS)
def test_a_form_that_is_none_or_too_much_is_refused_fast_and_for_nothing(at, kind):
    before = at.state()
    for page in acting():
        if page.name in BUTTONS or "{" in page.path:
            continue
        came = at.send(page.path, NO_FORMS[kind])
        assert came.status in {400, 403, 413, 422} or (page.name, came.location) == ("many_tokens", "/tokens")
        assert came.status == 303 or is_ours(came)
    after = at.state()
    assert (after["tokens"], after["owners"]) == (before["tokens"], before["owners"])


@attack("D22")
def test_a_charset_or_an_encoding_that_another_parser_would_read_otherwise_changes_no_meaning(at):
    body = b"name=a%26scope%3Dwrite&scope=rest&expires=30d"
    for kind in ("; charset=utf-7", "; charset=utf-16", "; charset=ibm037", "; boundary=x", ""):
        came = at.send("/tokens/new", body, Content_Type="application/x-www-form-urlencoded" + kind)
        assert (came.status in {200, 409}) or (kind and came.status == 415)
        at.serving.installation.run(
            "token", "revoke", "--user", "alice", "--all", "--yes"
        ) if came.status == 200 else None
    assert at.send("/tokens/new", body, Content_Encoding="gzip").status == 415


def resident(at):
    """Bytes of memory that the process holds."""
    return int(Path(f"/proc/{at.serving.process.pid}/statm").read_text().split()[1]) * 4096


@attack("D24")
def test_who_asks_and_never_reads_holds_up_nobody_and_fills_no_memory(at):
    """Hundreds of pages asked for on connections whose answers nobody takes."""
    at.get("/tokens?size=500")
    before = resident(at)
    who = f"Cookie: {at.cookies['alice']}\r\nX-Forwarded-For: 192.0.2.1"
    head = f"GET /tokens?size=500 HTTP/1.1\r\nHost: {HOST}\r\n{who}\r\n\r\n"
    slow = []
    try:
        for _ in range(10):
            connection = socket.create_connection(("127.0.0.1", at.serving.portal), timeout=5)
            slow.append(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.setblocking(False)
            connection.send(head.encode() * 20)
        for _ in range(8):
            assert at.get("/").status == 200
        assert resident(at) - before < 60_000_000
    finally:
        for connection in slow:
            connection.close()


@attack("L01")
def test_what_a_browser_calls_itself_moves_no_terminal_and_forges_no_line(at):
    rows = at.serving.installation.rows("SELECT user_agent FROM sessions")
    assert any("<U+202E>" in text for (text,) in rows)
    assert all(text.isprintable() for (text,) in rows)
    for odd in ("\u202e", '"}{"event":"forged"', "x" * 6000):
        at.get(f"/{quote(odd)}", User_Agent=odd, Referer=odd, Accept_Language=odd)
        at.send("/sign-in", {"login": f"{odd}", "password": "wrong password 12"}, "", User_Agent=odd)
    lines = at.serving.log.read_text().splitlines()
    assert all(line.isascii() and line.isprintable() and "forged" not in line for line in lines)
    assert [line for line in map(json.loads, lines) if line.get("level") in {"error", "critical"}] == []


@attack("M14")
@pytest.mark.parametrize(
    "wanted",
    ["de;q=1e999", "q=nan;q=nan", ",".join("a" * 8 for _ in range(800)), "*;q=0", "../../en", "en-\u202e", "\u00e9"],
)
def test_a_language_that_nobody_speaks_is_english(at, wanted):
    came = at.get("/sign-in", "", Accept_Language=wanted)
    assert (came.status, '<html lang="en">' in came.text) == (200, True)


def test_every_page_is_among_those_that_are_tried():
    assert {page.path for page in PAGES if page.show} >= {path for path in LISTS if path.startswith("/")}
