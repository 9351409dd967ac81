"""What pages of strangers, and names that strangers chose, can do to somebody who is signed in: nothing."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.async_api import expect

from tests.attacks.corpus import attack
from tests.portal.harness.scenes import SCENES
from tests.portal.harness.site import APP, SECURE

SESSION = "__Host-token-gateway"
MARKUP = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}}${7*7}<%=7*7%>",
    "javascript:alert(1)",
    "</title></textarea></dialog><svg onload=alert(1)>",
    "' autofocus onfocus='alert(1)",
)


@contextmanager
def page_of_somebody_else(html: str) -> Iterator[str]:
    """A page at another origin on this machine; its address."""

    class Serves(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Serves)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def form(action: str, fields: dict[str, str], kind: str = "application/x-www-form-urlencoded") -> str:
    """A page that sends a form as soon as it is opened."""
    hidden = "".join(f'<input type="hidden" name="{name}" value="{value}">' for name, value in fields.items())
    return (
        f'<!doctype html><link rel="icon" href="data:,"><form method="post" action="{action}" enctype="{kind}">'
        f"{hidden}</form><script>document.forms[0].submit()</script>"
    )


FORMS = {
    "make": ("/tokens/new", {"name": "planted", "scope": "rest", "expires": "30d"}),
    "revoke": ("/tokens/{token}/revoke", {}),
    "sign out": ("/sign-out", {}),
    "sign in": ("/sign-in", {"login": "{login}", "password": "{password}"}),
    "sign in elsewhere": ("/sign-in/sso", {}),
    "by text": ("/tokens/new", {"name": "planted", "scope": "rest"}),
    "password": ("/password", {"current": "{password}", "new": "another long password", "again": "x"}),
    "sessions": ("/sessions/others", {}),
}
PLAIN = [(what, False) for what in FORMS]


@attack("M07")
@pytest.mark.parametrize(
    ("what", "is_behind_proxy"),
    [*PLAIN, ("make", True), ("sign out", True)],
    ids=[*FORMS, "make, behind the proxy", "sign out, behind the proxy"],
)
async def test_a_form_of_another_origin_does_nothing(tabs, house, person, watch, what, is_behind_proxy):
    """Directly, the other origin is on the very same host: the cookie goes along, and only the origin differs.

    That no page takes a form of another origin is asked of every page in tests/attacks, by plain clients.
    """
    target = SECURE if is_behind_proxy else house.plain
    made = await house.token(person, "stays")
    page = await tabs.tab(person, origin=target)
    known = {"token": made.token.id, "login": person.login, "password": person.password}
    path, fields = FORMS[what]
    fields = {name: value.format(**known) for name, value in fields.items()}
    kind = "text/plain" if what == "by text" else "application/x-www-form-urlencoded"
    html = form(target + path.format(**known), fields, kind)
    before = await page.context.cookies(target)
    with page_of_somebody_else(html) as elsewhere:
        watch.over(page.context, target, elsewhere)
        # Its form is sent before it is there in whole, and takes its place.
        watch.expects(f"asked another origin: GET {elsewhere}", f"failed: GET {elsewhere}/: net::ERR_ABORTED")
        async with page.expect_response(lambda answer: answer.request.method == "POST") as caught:
            await page.goto(elsewhere, wait_until="commit")
        answer = await caught.value
        assert answer.status in {403, 405}
        await page.wait_for_load_state()
    assert await page.context.cookies(target) == before
    assert (await house.use(made.whole.reveal()))[0] == 200
    assert [one.token.name for one in await house.desk.store.tokens(owner_id=person.id)] == ["stays"]
    await page.goto("/")
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()


@attack("M16")
async def test_a_script_of_another_origin_reads_nothing(tabs, house, person, watch):
    page = await tabs.tab(person, origin=house.plain)
    await page.goto("/")
    with page_of_somebody_else("<!doctype html><link rel=icon href='data:,'>") as elsewhere:
        watch.over(page.context, house.plain, elsewhere)
        watch.expects("asked another origin", "blocked by CORS policy", "net::ERR_FAILED", "answered 40")
        await page.goto(elsewhere)
        for path in ("/", "/api/v1/me"):
            got = await page.evaluate(
                "url => fetch(url, { credentials: 'include' }).then(() => 'read', () => 'refused')", house.plain + path
            )
            assert got == "refused"


@attack("M17")
async def test_no_page_can_be_framed(tabs, house, person, watch):
    page = await tabs.tab(person, origin=house.plain)
    with page_of_somebody_else(
        f"<!doctype html><link rel=icon href='data:,'><iframe src='{house.plain}/'></iframe>"
    ) as elsewhere:
        watch.over(page.context, house.plain, elsewhere)
        watch.expects("asked another origin", "frame-ancestors", "X-Frame-Options", "net::ERR_BLOCKED_BY_RESPONSE")
        await page.goto(elsewhere)
        frame = page.frames[1]
        assert "My account" not in await frame.content()


async def test_a_page_that_opens_ours_keeps_no_hold_of_it(tabs, house, person, watch):
    page = await tabs.tab(person, origin=house.plain)
    with page_of_somebody_else("<!doctype html><link rel=icon href='data:,'>") as elsewhere:
        watch.over(page.context, house.plain, elsewhere)
        watch.expects("asked another origin")
        await page.goto(elsewhere)
        async with page.expect_popup() as opened:
            await page.evaluate("url => { window.ours = window.open(url) }", house.plain + "/")
        popup = await opened.value
        await expect(popup.get_by_role("heading", name="My account", level=1)).to_be_visible()
        assert await page.evaluate("window.ours.closed") is True
        assert await popup.evaluate("window.opener") is None


@attack("M01")
async def test_names_that_are_markup_are_shown_as_they_are_written(tabs, house, admin):
    """As names of tokens and of a person, on pages that show them. The watch sees the rest.

    Every page is asked for them in tests/attacks, by plain clients.
    """
    name = MARKUP[4]
    person = await house.person(name=name)
    page = await tabs.tab(person)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    tokens = {text: f"/tokens/{(await house.token(person, text)).token.id}" for text in MARKUP}
    await page.goto("/")
    await expect(page.get_by_role("banner").get_by_text(name)).to_be_visible()
    for text in MARKUP:
        await expect(page.get_by_role("main").get_by_text(text, exact=True).first).to_be_visible()
    for text, token in tokens.items():
        await page.goto(token)
        await expect(page.get_by_role("heading", name=text, level=1, exact=True)).to_be_visible()
        await page.goto(f"{token}/edit")
        await expect(page.get_by_label("Name", exact=True)).to_have_value(text)
    for more in ("/rotate", "/suspend", "/revoke", "/reach"):
        await page.goto(tokens[name] + more)
        await expect(page.get_by_role("main").get_by_text(name).first).to_be_visible()
    ada = await tabs.tab(admin)
    ada.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for path in (f"/users/{person.id}", f"/users/{person.id}/edit", "/audit", f"/tokens?owner={person.login}"):
        await ada.goto(path)
        assert await ada.locator("script:not([src])").count() == 0
        assert await ada.locator("img[src=x], svg[onload], [onfocus]").count() == 0
    for text in MARKUP:
        await expect(ada.get_by_role("main").get_by_text(text).first).to_be_visible()


@attack("M01", "M02")
async def test_what_was_asked_for_is_repeated_nowhere_as_markup(tabs, admin):
    page = await tabs.tab(admin)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for path in (
        "/nothing/<script>alert(1)</script>",
        '/tokens?name=<svg onload=alert(1)>&owner="><img src=x onerror=alert(1)>',
        "/users?search=</script><script>alert(1)</script>",
        '/explain?url=https://x/"><svg onload=alert(1)>&token=<b>',
        "/audit?actor='><svg onload=alert(1)>",
        '/sign-in?to="><svg onload=alert(1)>',
    ):
        await page.goto(path)
        assert await page.locator("script:not([src]), svg[onload], img[onerror]").count() == 0


HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}
DIRECTIVES = (
    "default-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "require-trusted-types-for 'script'",
)
ROWS = {one.page: one for one in reversed(SCENES)}


class Inline(HTMLParser):
    """The scripts and styles that stand in a page itself, which its policy would not run; as browsers read them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "style" or (tag == "script" and "src" not in dict(attrs)):
            self.found.append(tag)
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append(f"{name}=")
            if (value or "").strip().lower().startswith("javascript:"):
                self.found.append(f"{name}=javascript:")


@pytest.mark.parametrize("scene", ROWS.values(), ids=[one.page or "not there" for one in ROWS.values()])
async def test_every_page_has_the_headers_that_keep_it_to_itself(house, sample, scene):
    person = getattr(sample, scene.who) if scene.who else None
    status, headers, html = await house.get(scene.path(sample), person)
    assert status == scene.status
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert [one for one in DIRECTIVES if one not in policy] == []
    assert not re.search(r"unsafe|\*|data:|https?:", policy)
    assert "camera=()" in headers["permissions-policy"]
    inline = Inline()
    inline.feed(html)
    inline.close()
    assert inline.found == []


def test_what_is_inline_would_be_found():
    inline = Inline()
    inline.feed("<script src=/a.js></script><a href='/x?next=javascript:' title=' onload=x'>&lt;b onload=x></a><form>")
    assert inline.found == []
    inline.feed(
        "<script>1</script><style></style><b style=x onload=y><a href=' JavaScript:z'><form action='javascript:'>"
    )
    assert inline.found == ["script", "style", "style=", "onload=", "href=javascript:", "action=javascript:"]


async def test_static_files_are_named_by_their_content_and_kept_for_ever(tabs):
    page = await tabs.tab(is_new=True)
    seen = {}
    page.on("response", lambda answer: seen.__setitem__(answer.url, answer))
    await page.goto("/sign-in")
    files = {url: answer for url, answer in seen.items() if "/static/" in url}
    assert {url.rpartition(".")[2] for url in files} >= {"css", "js"}
    for url, answer in files.items():
        headers = await answer.all_headers()
        assert re.fullmatch(rf"{SECURE}/static/[0-9a-f]{{16,}}/[a-z.-]+", url)
        assert headers["cache-control"] == "public, max-age=31536000, immutable"
        assert headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in headers
    seen.clear()
    await page.goto("/sign-in?to=/password")
    for url in files.keys() & seen.keys():
        assert (await seen[url].request.sizes())["responseBodySize"] <= 0  # it came from the browser's own store


async def test_the_cookie_goes_to_no_neighbour_under_the_same_domain(tabs, house, person):
    page = await tabs.tab(person)
    await page.goto("/")
    assert [one["name"] for one in await page.context.cookies(SECURE)] == [SESSION]
    assert await page.context.cookies(f"https://{APP}") == []
    neighbour = await page.context.new_page()
    tabs.watch.over(page.context, f"https://{APP}")
    tabs.watch.expects(f"asked another origin: GET https://{APP}", f"asked another origin: GET {SECURE}")
    await neighbour.goto(f"https://{APP}/public/page")
    # A neighbour can plant a cookie for the whole domain, but none with this name: browsers do not take it.
    await neighbour.evaluate(f"document.cookie = '{SESSION}=planted; Domain=example.org; Path=/; Secure'")
    assert [one["name"] for one in await page.context.cookies(SECURE)] == [SESSION]
    await page.goto("/")
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
