"""M04-M08, M16-M20, D10, D17 against the pages: other sites, other people, strange addresses, and guessers."""

import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from gateway.web.portal.page import Needs
from gateway.web.portal.rows import PAGES
from tests.attacks.corpus import attack
from tests.attacks.pages import COOKIE, FORM, ORIGIN, PASSWORD, TOKEN, Pages, Powerful, acting, filled, shown
from tests.attacks.portal import HOST, asked
from tests.installation import an_installation, handle


@pytest.fixture(scope="module")
def at(template, tmp_path_factory):
    """alice and carol are signed in; a token of each is there."""
    serving = Powerful(an_installation(template, tmp_path_factory.mktemp("pages") / "gw"))
    serving.write(f'public_url: ["https://{HOST}", "http://localhost:{serving.portal}"]\n', without="public_url")
    serving.start()
    made = Pages(serving)
    made.person("alice")
    made.person("carol", "staff")
    made.tokens = {login: serving.installation.token(f"{login}'s", login) for login in ("alice", "carol")}
    yield made
    made.close()
    assert serving.stop() == 0


def parts_of(at, login):
    """What stands in addresses that are about somebody."""
    session = at.sessions_of(login)[0]
    return {"token": handle(at.tokens[login]), "id": at.id_of(login), "session": session, "order": "1"}


def fields_of(at, login):
    """A form that every page would find something in."""
    kind = {"user": login, "login": login, "name": "planted", "scope": "rest", "expires": "30d", "act": "revoke"}
    return {**kind, "sure": "yes", "token": handle(at.tokens[login]), "group": "admins", "grace": "0", "how": "made"}


ELSEWHERE = (
    *({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{HOST}"}, {"Origin": ""}),
    *({"Origin": f"{ORIGIN}.evil"}, {"Origin": f"{ORIGIN}:444"}, {"Origin": f"{ORIGIN}, {ORIGIN}"}),
    *({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Sec_Fetch_Site": "none"}),
    {"Origin": "", "Sec_Fetch_Site": "cross-site", "Referer": f"{ORIGIN}/"},
)


@attack("M07")
def test_no_form_of_another_origin_reaches_any_page(at):
    before = at.state()
    for page in acting():
        path = filled(page, parts_of(at, "carol"))
        for headers in ELSEWHERE:
            came = at.send(path, fields_of(at, "carol"), **headers)
            assert came.status == 403, (page.name, headers)
            assert "cross_site" in came.text
            assert "set-cookie" not in came.headers
    assert at.state() == before


@attack("M07")
@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_what_is_no_form_does_nothing(at, kind):
    before = at.state()
    for page in acting():
        assert at.send(filled(page, parts_of(at, "carol")), fields_of(at, "carol"), Content_Type=kind).status == 415
    assert at.state() == before


@attack("M07", "M08")
def test_nothing_that_is_got_changes_anything_whatever_it_says_of_its_method(at):
    before = at.state()
    query = "&".join(f"{name}={value}" for name, value in fields_of(at, "carol").items())
    for page in PAGES:
        path = filled(page, parts_of(at, "carol"))
        for method in ("GET", "HEAD"):
            came = at.ask(
                method, f"{path}?_method=POST&once={'A' * 22}&{query}", who="alice", X_HTTP_Method_Override="POST"
            )
            assert came.status in {200, 303, 400, 403, 404, 405, 422}, page.name
            assert "set-cookie" not in came.headers
            assert page.show is not None or came.status == 405
    assert at.state() == before


@attack("M07", "M08", "M16")
@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "post"])
def test_a_method_that_no_page_has_does_nothing_and_opens_nothing_to_others(at, method):
    before = at.state()
    asks = {"Access_Control_Request_Method": "POST", "Access_Control_Request_Headers": "content-type"}
    for page in PAGES:
        path = filled(page, parts_of(at, "carol"))
        came = at.ask(method, path, who="alice", Origin="https://evil.example", **asks)
        assert came.status in {400, 405}
        assert [name for name in came.headers if name.startswith("access-control-")] == []
    assert at.state() == before


@attack("M05", "M20")
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", f"{HOST}.evil", f"{HOST}:1", f"user@{HOST}", ""])
def test_under_a_strange_name_there_is_no_page(at, host):
    for page in shown():
        forwarded = {"X_Forwarded_Host": HOST, "Forwarded": f"host={HOST}"}
        came = at.ask("GET", filled(page, parts_of(at, "carol")), who="alice", host=host, **forwarded)
        assert came.status in {400, 421}
        assert "text/html" not in came.headers["content-type"]
        assert b"carol" not in came.body


@attack("M05")
def test_a_forged_host_is_in_no_answer_and_in_no_cookie(at):
    for forged in ({"X_Forwarded_Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=http"}):
        for came in (at.get("/", "", **forged), at.get("/sign-in", "", **forged), at.get("/nothing", **forged)):
            assert "evil.example" not in came.text + str(came.headers)


@attack("M05")
def test_the_cookie_of_one_address_of_the_portal_is_none_at_the_other(at):
    plain = f"localhost:{at.serving.portal}"
    secret = at.cookies["carol"].partition("=")[2]
    for name, host, status in ((COOKIE, HOST, 200), ("token-gateway", HOST, 303), (COOKIE, plain, 303)):
        assert at.ask("GET", "/", host=host, Cookie=f"{name}={secret}").status == status, (name, host)
    for origin in (ORIGIN, "https://" + plain):
        body = b"login=carol&password=x"
        assert at.ask("POST", "/sign-in", body, host=plain, Content_Type=FORM, Origin=origin).status == 403


@attack("M07")
def test_a_session_that_somebody_planted_is_not_taken_and_ends_when_another_signs_in(at):
    """Fixation: neither a secret of the attacker's choice nor a session of the attacker's becomes the victim's."""
    made_up = "A" * 43
    came = at.sign_in("carol", Cookie=f"{COOKIE}={made_up}")
    mine = came.headers["set-cookie"].partition(";")[0]
    assert made_up not in mine
    came = at.send("/sign-in", {"login": "alice", "password": PASSWORD}, "", Cookie=mine)
    assert came.status == 303
    assert at.ask("GET", "/", Cookie=mine).status == 303, "the session that the browser had is over"
    ended = at.send("/sign-out", {}, "", Cookie=came.headers["set-cookie"].partition(";")[0])
    assert (ended.location, f"{COOKIE}=;" in ended.headers["set-cookie"]) == ("/sign-in", True)


@attack("M05")
def test_of_two_cookies_none_is_picked(at):
    ours, theirs = at.cookies["alice"], at.cookies["carol"]
    for both in (f"{ours}; {theirs}", f"{theirs}; {ours}"):
        assert at.ask("GET", "/", Cookie=both).status == 400
    for value in (f"{ours}; {ours}", f"a=b; {ours}", f"{ours};", f'x="{theirs}"; {ours}'):
        assert "alice" in at.ask("GET", "/", Cookie=value).text
    for odd in (ours + "x", ours.replace("=", '="') + '"', f"{COOKIE}={'A' * 5000}", f"{COOKIE}=\u00e9", f"{COOKIE}="):
        assert at.ask("GET", "/", Cookie=odd).status == 303


AWAY = (
    *(
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%5cevil.example",
    ),
    *(
        "/%2f/evil.example",
        "/\t/evil.example",
        "/\r\nSet-Cookie:%20a=b",
        "/.//evil.example",
        "/..//evil.example",
        "https:evil",
    ),
    *(
        "javascript:alert(1)",
        "data:text/html,x",
        "/sign-out",
        "/sign-in",
        "/sign-in/sso",
        "/sign-in?to=/sign-in",
        "/api/v1/me",
    ),
    *(
        "/" + "x" * 8000,
        " //evil.example",
        "/ /evil.example",
        "/\u2044/evil.example",
        "/static/../sign-out",
        "\x00//evil",
    ),
)


@attack("M04")
def test_no_address_to_return_to_leads_anywhere_but_to_a_page(at):
    """Of somebody who is signed in and who is not, by the address and by the form; after one sign-in for all."""
    for to in AWAY:
        signed_in = at.ask("GET", "/sign-in?" + at_query(to), who="carol")
        assert (signed_in.status, signed_in.location) == (303, "/") or len(to) > 7000, to
        page = at.ask("GET", "/sign-in?" + at_query(to))
        assert len(to) > 7000 or re.search(r'name="to" value="([^"]*)"', page.text)[1] == "/"
        came = at.send("/tokens/stop", {"act": "revoke", "back": to})
        assert came.location == "/tokens", to
    for to in AWAY[:4]:
        lost = at.send("/sign-in", {"login": "nobody", "password": "", "to": to, "kept_path": to, "kept.x": "y"}, "")
        assert 'name="to" value="/"' in lost.text
        assert 'name="kept_path" value="/"' in lost.text
    came = at.sign_in("carol", to="//evil.example", kept_path="//evil.example", **{"kept.x": "y"})
    assert came.location == "/"


def at_query(to):
    """The parameter of a page's address."""
    return "to=" + "".join(f"%{byte:02X}" for byte in to.encode())


@attack("M07")
def test_nobody_but_the_portals_own_form_makes_something_wait_on_the_sign_in_page(at):
    kept = {"kept_path": "/tokens/new", "kept.name": "planted", "kept.sure": "yes", "to": "/tokens/new"}
    query = "&".join(f"{name}={value}" for name, value in kept.items())
    assert "planted" not in at.get(f"/sign-in?{query}", "").text
    assert "planted" not in at.get(f"/tokens/new?name=planted&{query}").text
    for path in ("/sign-in", "/tokens/new"):
        came = at.send(path, {**kept, "name": "planted"}, "", Origin="https://evil.example")
        assert (came.status, "planted" in came.text) == (403, False)


@attack("M07")
def test_what_waited_is_shown_after_the_sign_in_and_not_done(at):
    """Also what asks for no word more: with `sure`, the form would revoke; and whose page the person may not see."""
    name = handle(at.tokens["carol"])
    came = at.send(
        "/tokens/stop", {"act": "revoke", "sure": "yes", "token": name, "proof": "x" * 12, "once": "A" * 22}, ""
    )
    assert (came.status, "x" * 12 in came.text, "A" * 22 in came.text) == (403, False, False)
    waits = {"kept_path": "/tokens/stop", "kept.act": "revoke", "kept.sure": "yes", "kept.token": name}
    before = at.state()["tokens"]
    shown_again = at.sign_in("alice", **waits)
    assert (shown_again.status, "Nothing was sent" in shown_again.text) == (200, True)
    barred = at.sign_in("carol", **waits)
    assert (barred.status, barred.location) == (303, "/tokens/stop"), (
        "signed in, and told there that it is not for them"
    )
    gone = at.sign_in("carol", kept_path="/tokens/tgp_00000000000/edit", **{"kept.name": "x"})
    for came in (shown_again, barred, gone):
        cookie = came.headers["set-cookie"].partition(";")[0]
        assert at.ask("GET", "/", Cookie=cookie).status == 200
    assert at.state()["tokens"] == before


@attack("M07")
def test_the_mark_of_one_persons_form_does_nothing_to_anothers(at):
    once = "B" * 22
    made = {
        who: at.send("/tokens/new", {"name": "marked", "scope": "rest", "once": once}, who)
        for who in ("alice", "carol")
    }
    secrets = {who: set(TOKEN.findall(came.text)) for who, came in made.items()}
    assert all(len(found) == 1 for found in secrets.values())
    assert secrets["alice"].isdisjoint(secrets["carol"])
    again = [at.send(f"/tokens/{handle(one)}/rotate", {"once": once}, "alice") for (one,) in (secrets["alice"],)]
    assert TOKEN.findall(again[0].text) != [*secrets["alice"]], "nor the answer of another page"


@attack("M17")
def test_every_answer_forbids_frames_sniffing_foreign_scripts_and_being_kept(at):
    came = [at.get(filled(page, parts_of(at, "carol"))) for page in shown()]
    came += [at.get("/nothing"), at.get("/tokens/new", ""), at.send("/sign-out", {}, "", Origin=""), at.ask("PUT", "/")]
    for one in came:
        policy = dict(part.strip().split(" ", 1) for part in one.headers["content-security-policy"].split(";"))
        assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
        assert (policy["script-src"], policy["style-src"], policy["form-action"]) == ("'self'",) * 3
        assert one.headers["x-frame-options"] == "DENY"
        assert one.headers["x-content-type-options"] == "nosniff"
        assert one.headers["cache-control"] == "no-store"


@attack("M18")
def test_the_sign_in_page_does_not_tell_who_has_an_account(at):
    at.serving.installation.ok("user", "add", "bob")
    pages = set()
    for login in ("alice", "bob", "nobody", "x" * 300, "..", "alice\x00"):
        came = at.send("/sign-in", {"login": login, "password": "wrong password 12"}, "")
        text = re.sub(r'name="(once|login)"[^>]*>', "", came.text)
        pages.add((came.status, text, "set-cookie" in came.headers))
    assert len(pages) == 1


@attack("M19")
@pytest.mark.parametrize(
    "name", ["..%2f..%2f..%2fetc%2fpasswd", "../../etc/passwd", "%2e%2e/app.css", "app.py", "app.css%00", ""]
)
def test_beside_the_static_files_there_is_nothing(at, name):
    css = re.search(r'href="(/static/[^/]+)/app.css"', at.get("/sign-in", "").text)[1]
    assert at.get(f"{css}/app.css").status == 200
    for folder in (css, "/static", "/static/x", css + "/.."):
        came = at.get(f"{folder}/{name}")
        assert came.status == 404
        assert b"root:" not in came.body


@attack("M14")
@pytest.mark.parametrize(
    "name", ["{}%2Frotate", "{}%2f..%2f..%2fusers", "{}%00", "{};x", "%2e%2e", "%FF", "'--", "{}/"]
)
def test_no_spelling_of_an_address_is_a_page_beside_its_own(at, name):
    path = "/tokens/" + name.format(handle(at.tokens["alice"]))
    for came in (at.get(path), at.get(f"{path}/edit"), at.send(f"{path}/revoke", {})):
        assert came.status in {400, 404, 422}
    assert at.serving.ask(at.tokens["alice"])[0] == 200


@attack("D10", "D17")
def test_who_guesses_at_the_page_is_shed_and_nobody_else_feels_it(at):
    body = b"login=carol&password=wrong+password+12"
    headers = {"Content_Type": FORM, "Origin": ORIGIN, "X_Forwarded_For": "192.0.2.66"}
    with ThreadPoolExecutor(8) as pool:
        guesses = [pool.submit(asked, at.serving, "POST", "/sign-in", body=body, **headers) for _ in range(40)]
        checked = [at.serving.ask(at.tokens["carol"])[0] for _ in range(20)]
        statuses = {one.result()[0] for one in guesses}
    assert statuses <= {403, 429, 503}
    assert 429 in statuses
    assert checked == [200] * 20
    assert at.sign_in("carol").status == 303, "from elsewhere, she gets in"
    assert at.get("/", "carol", X_Forwarded_For="192.0.2.66").status == 200, "and who is in stays in"


@attack("M07", "M10")
def test_a_page_of_administration_is_nobodys_who_lacks_the_permission(at):
    """Every row, asked for and sent, about another and about oneself, by somebody with tokens of their own alone."""
    before = at.state()
    for page in PAGES:
        if not page.permissions or "own_tokens" in page.permissions:
            continue
        for about in ("alice", "carol"):
            path = filled(page, parts_of(at, about))
            for came in (at.get(path, "carol"), at.send(path, fields_of(at, about), "carol")):
                assert came.status in {403, 405}, (page.name, about)
                assert "alice" not in came.text
    assert at.state() == before


@attack("M07", "M10")
def test_what_is_anothers_is_not_there(at):
    """Tokens and sessions of alice, in every page that takes one, asked for by carol; and a token made in her name."""
    before, tried = at.state(), 0
    for page in PAGES:
        if "{token}" not in page.path and "{session}" not in page.path:
            continue
        path = filled(page, parts_of(at, "alice"))
        for came in (at.get(path, "carol"), at.send(path, fields_of(at, "alice"), "carol")):
            assert came.status in {403, 404, 405, 422}, page.name
            assert "alice" not in came.text
        tried += 1
    assert tried >= 8
    for whose in ({"user": "alice"}, {"user": "alice", "application": "x"}, {"user": ["carol", "alice"]}):
        came = at.send("/tokens/new", {"name": "hers", "scope": "rest", **whose}, "carol")
        assert came.status in {200, 403, 404, 422}
        assert came.status != 200 or whose == {"user": ["carol", "alice"]}
    assert at.state()["owners"] == before["owners"]
    assert at.get("/tokens?user=carol").text.count("hers") >= 1, "of two that were named it was her own"
    assert "hers" not in at.get("/tokens?user=alice").text


@attack("M07")
def test_nobody_who_is_not_signed_in_sees_or_does_anything(at):
    before = at.state()
    for page in PAGES:
        if page.needs is Needs.NOTHING:
            continue
        path = filled(page, parts_of(at, "alice"))
        for cookie in ("", f"{COOKIE}={'A' * 43}", f"{COOKIE}={at.sessions_of('alice')[0]}"):
            got = at.ask("GET", path, Cookie=cookie)
            sent = at.send(path, fields_of(at, "alice"), "", Cookie=cookie)
            assert (got.status, sent.status) == (303 if page.show else 405, 403 if page.act else 405)
            assert page.show is None or urlsplit(got.location).path == "/sign-in"
            assert "Administration" not in got.text + sent.text
    assert at.state() == before
