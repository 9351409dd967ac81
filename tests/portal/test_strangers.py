"""What pages of strangers, and names that strangers chose, can do to somebody who is signed in: nothing."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


@attack("M07")
@pytest.mark.parametrize("is_behind_proxy", [True, False], ids=["behind the proxy", "directly"])
@pytest.mark.parametrize(
    "what", ["make", "revoke", "sign out", "sign in", "sign in elsewhere", "by text", "password", "sessions"]
)
async def test_a_form_of_another_origin_does_nothing(tabs, house, person, watch, what, is_behind_proxy):
    """Directly, the other origin is on the very same host: the cookie goes along, and only the origin differs."""
    target = SECURE if is_behind_proxy else house.plain
    made = await house.token(person, "stays")
    page = await tabs.tab(person, origin=target)
    await page.goto("/")
    path, fields = {
        "make": ("/tokens/new", {"name": "planted", "scope": "rest", "expires": "30d"}),
        "revoke": (f"/tokens/{made.token.id}/revoke", {}),
        "sign out": ("/sign-out", {}),
        "sign in": ("/sign-in", {"login": person.login, "password": person.password}),
        "sign in elsewhere": ("/sign-in/sso", {}),
        "by text": ("/tokens/new", {"name": "planted", "scope": "rest"}),
        "password": ("/password", {"current": person.password, "new": "another long password", "again": "x"}),
        "sessions": ("/sessions/others", {}),
    }[what]
    html = form(target + path, fields, "text/plain" if what == "by text" else "application/x-www-form-urlencoded")
    before = await page.context.cookies(target)
    with page_of_somebody_else(html) as elsewhere:
        watch.over(page.context, target, elsewhere)
        watch.expects(f"asked another origin: GET {elsewhere}")
        async with page.expect_response(lambda answer: answer.request.method == "POST") as caught:
            await page.goto(elsewhere)
        answer = await caught.value
        assert answer.status in {403, 405}
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
@pytest.mark.parametrize("text", MARKUP, ids=["script", "img", "template", "url", "closing tags", "attribute"])
async def test_names_that_are_markup_are_shown_as_they_are_written(tabs, house, admin, text):
    """As name of a person and of a token, on every page that shows one of them. The watch sees the rest."""
    person = await house.person(name=text)
    made = await house.token(person, text)
    page = await tabs.tab(person)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    await page.goto("/")
    await expect(page.get_by_role("main").get_by_text(text, exact=True).first).to_be_visible()
    await expect(page.get_by_role("banner").get_by_text(text)).to_be_visible()
    token = f"/tokens/{made.token.id}"
    await page.goto(token)
    await expect(page.get_by_role("heading", name=text, level=1, exact=True)).to_be_visible()
    await page.goto(f"{token}/edit")
    await expect(page.get_by_label("Name", exact=True)).to_have_value(text)
    for more in ("/rotate", "/suspend", "/revoke", "/reach"):
        await page.goto(token + more)
        await expect(page.get_by_role("main").get_by_text(text).first).to_be_visible()
    await page.goto("/sessions")
    ada = await tabs.tab(admin)
    ada.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for path in (f"/users/{person.id}", f"/users/{person.id}/edit", f"/tokens?owner={person.login}", "/audit"):
        await ada.goto(path)
        assert await ada.locator("script:not([src])").count() == 0
        assert await ada.locator("img[src=x], svg[onload], [onfocus]").count() == 0
    await ada.goto(f"/tokens?owner={person.login}")
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
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html)


async def test_static_files_are_named_by_their_content_and_kept_for_ever(page):
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
