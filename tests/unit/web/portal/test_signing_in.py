"""Signing in and out by pages: where one is led, what is kept, and what another site cannot do."""

import re

from tests.unit.auth.signing_in import GOOD, OTHER
from tests.unit.web.api.portal import FORM, ORIGIN, portal


async def signed_in(at, login="bob", password=GOOD) -> str:
    """The cookie of somebody who signed in by the page."""
    answer = await at.send("/sign-in", login=login, password=password)
    assert answer.status == 303
    return answer.cookie


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of a page, besides its mark."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', text)
    return {name: value for name, value in found if name != "once"}


async def test_whoever_is_not_signed_in_is_led_to_the_sign_in_and_then_to_where_they_wanted(installed):
    async with portal(installed) as at:
        away = await at.ask("GET", "/tokens/new?user=bob")
        assert (away.status, away.headers["Location"]) == (303, "/sign-in?to=%2Ftokens%2Fnew%3Fuser%3Dbob")
        page = await at.ask("GET", away.headers["Location"])
        assert page.status == 200
        fields = hidden(page.text)
        assert fields["to"] == "/tokens/new?user=bob"
        back = await at.send("/sign-in", login="bob", password=GOOD, **fields)
        assert (back.status, back.headers["Location"]) == (303, "/tokens/new?user=bob")
        name, *flags = back.headers["Set-Cookie"].split("; ")
        assert name.startswith("__Host-token-gateway=")
        assert set(flags) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
        assert (await at.ask("GET", "/", cookie=back.cookie)).status == 200
        again = await at.ask("GET", "/sign-in?to=/password", cookie=back.cookie)
        assert (again.status, again.headers["Location"]) == (303, "/password")


async def test_a_wrong_password_shows_the_form_again_with_the_login_and_without_the_password(installed):
    async with portal(installed) as at:
        page = await at.send("/sign-in", login="bob", password=OTHER, to="/password")
        assert page.status == 403
        assert "Login or password is wrong" in page.text
        assert 'value="bob"' in page.text
        assert OTHER not in page.text
        assert hidden(page.text)["to"] == "/password"
        assert "Set-Cookie" not in page.headers


async def test_nobody_is_led_away_from_the_portal(installed):
    async with portal(installed) as at:
        answer = await at.send("/sign-in", login="bob", password=GOOD, to="https://evil.example/")
        assert (answer.status, answer.headers["Location"]) == (303, "/")


STRANGE = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": None},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": ORIGIN.replace("https", "http")},
)


async def test_another_site_can_send_no_form(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        for headers in STRANGE:
            for path in ("/sign-in", "/sign-out", "/password", "/tokens/new"):
                sent = {**FORM, "Sec-Fetch-Site": None, **headers}
                answer = await at.ask("POST", path, cookie=cookie, data="login=bob&name=x", headers=sent)
                assert (path, headers, answer.status) == (path, headers, 403)
                assert "Set-Cookie" not in answer.headers
        assert (await at.ask("GET", "/", cookie=cookie)).status == 200


async def test_signing_out_ends_the_session(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        out = await at.send("/sign-out", cookie=cookie)
        assert (out.status, out.headers["Location"]) == (303, "/sign-in")
        assert "Max-Age=0" in out.headers["Set-Cookie"]
        gone = await at.ask("GET", "/", cookie=cookie)
        assert (gone.status, gone.headers["Location"]) == (303, "/sign-in")


async def test_an_initial_password_opens_nothing_but_its_change(installed):
    async with portal(installed) as at:
        await at.front.user("carol", must_change=True)
        cookie = await signed_in(at, "carol")
        for path in ("/", "/tokens/new", "/sign-in"):
            away = await at.ask("GET", path, cookie=cookie)
            assert away.status == 303
        assert (await at.ask("GET", "/", cookie=cookie)).headers["Location"] == "/password"
        page = await at.ask("GET", "/password", cookie=cookie)
        assert page.status == 200
        assert "/tokens/new" not in page.text
        differs = await at.send("/password", cookie=cookie, current=GOOD, new=OTHER, again=GOOD)
        assert (differs.status, "The two are not the same" in differs.text) == (422, True)
        wrong = await at.send("/password", cookie=cookie, current=OTHER, new=OTHER, again=OTHER)
        assert (wrong.status, "That is not your password" in wrong.text) == (403, True)
        weak = await at.send("/password", cookie=cookie, current=GOOD, new="short", again="short")
        assert weak.status == 422
        changed = await at.send("/password", cookie=cookie, current=GOOD, new=OTHER, again=OTHER)
        assert (changed.status, changed.headers["Location"]) == (303, "/")
        home = await at.ask("GET", "/", cookie=changed.cookie)
        assert (home.status, "Your password is changed" in home.text) == (200, True)
        assert "Your password is changed" not in (await at.ask("GET", "/", cookie=changed.cookie)).text


async def test_a_lost_session_keeps_what_was_typed_and_sends_nothing_by_itself(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        await at.send("/sign-out", cookie=cookie)
        typed = {"name": "nightly <b>", "scope": ["api", "read"], "networks": "192.0.2.0/24", "proof": GOOD}
        page = await at.send("/tokens/new", cookie=cookie, **typed)
        assert page.status == 403
        fields = hidden(page.text)
        assert fields["kept.name"] == "nightly <b>"
        assert GOOD not in page.text
        wrong = await at.send("/sign-in", login="bob", password=OTHER, **hidden(page.text))
        assert hidden(wrong.text)["kept.name"] == "nightly <b>"
        again = await at.send("/sign-in", login="bob", password=GOOD, **hidden(wrong.text))
        assert again.status == 200
        assert 'value="nightly <b>"' in again.text
        assert "192.0.2.0/24" in again.text
        assert 'action="/tokens/new"' in again.text
        assert "nightly" not in (await at.ask("GET", "/", cookie=again.cookie)).text


async def test_every_page_says_that_it_is_neither_kept_nor_framed_nor_scripted_from_elsewhere(installed):
    async with portal(installed) as at:
        for answer in (await at.ask("GET", "/sign-in"), await at.ask("GET", "/nothing-here"), await at.ask("GET", "/")):
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_static_files_have_the_hash_of_their_content_and_are_kept_for_ever(installed):
    async with portal(installed) as at:
        page = await at.ask("GET", "/sign-in")
        named = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text))
        assert {path.rpartition("/")[2] for path in named} >= {"app.css", "app.js", "favicon.svg"}
        for path in named:
            found = await at.ask("GET", path)
            assert (found.status, found.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
        assert (await at.ask("GET", "/static/0000000000000000/app.css")).status == 404
        assert (await at.ask("GET", "/static/x/../../app.py")).status in {400, 404}


async def test_a_stranger_at_another_name_sees_no_page(installed):
    async with portal(installed) as at:
        answer = await at.ask("GET", "/sign-in", headers={"Host": "evil.example"})
        assert (answer.status, answer.json["code"]) == (421, "misdirected")
