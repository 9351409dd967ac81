"""Signing in by the single sign-on, as a browser behind its proxy does it."""

import contextlib
from dataclasses import replace

import pytest

from tests.attacks.corpus import attack
from tests.unit.auth.signing_in import with_sso
from tests.unit.web.api.portal import portal

SECRET = "0123456789abcdef" * 3
BOB = {"X-SSO-Secret": SECRET, "Remote-User": "eve"}
STEP = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}


@contextlib.asynccontextmanager
async def behind(installed, **said):
    """The portal behind the single sign-on's proxy, which is this host; eve is one of its people."""
    async with portal(installed) as at:
        file = installed.folder / "sso-secret"
        file.write_text(SECRET)
        file.chmod(0o600)
        by_secret = {"from": ["127.0.0.1"], "secret_header": {"secret_file": str(file)}, "socket": None}
        desk = at.front.desk
        at.front.desk = replace(desk, settings=with_sso(desk.settings, **{**by_secret, **said}))
        at.front.sessions.use(at.front.desk)
        await at.front.sso_user("eve")
        yield at


async def enter(at, path="/sign-in/sso", *, method="GET", cookie="", **headers):
    """One request as the proxy hands it on."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await at.ask(method, path, cookie=cookie, headers={"Origin": None, **BOB, **STEP, **named})


async def test_whom_the_proxy_names_is_signed_in_and_led_on(installed):
    async with behind(installed) as at:
        answer = await enter(at, "/sign-in/sso?to=/tokens/new%3Fname%3Dci")
        assert (answer.status, answer.headers["Location"]) == (303, "/tokens/new?name=ci")
        assert answer.headers["Cache-Control"] == "no-store"
        flags = answer.headers["Set-Cookie"].split("; ")[1:]
        assert set(flags) == {"Path=/", "HttpOnly", "SameSite=Lax", "Secure"}
        session = (await at.ask("GET", "/api/v1/session", cookie=answer.cookie)).json
        assert (session["login"], session["how"], session["needs_proof"]) == ("eve", "sso", False)
        assert session["address"] == "192.0.2.7"


@attack("M04")
@pytest.mark.parametrize(
    "to",
    [
        *("https://evil.example", "//evil.example", "///evil.example", "/%5Cevil.example", "%5C%5Cevil.example"),
        *("/%255Cevil.example", "/%2F/evil.example", "%2F%2Fevil.example", "/%09/evil.example", "/%0d%0aSet-Cookie:a"),
        *("/sign-in/sso", "/sign-out", "/api/v1/me", "javascript:alert(1)", "/a%00", "", "/" + "a" * 8000),
    ],
)
async def test_nobody_is_led_away_or_in_circles(installed, to):
    async with behind(installed) as at:
        answer = await enter(at, f"/sign-in/sso?to={to}")
        if answer.status == 303:
            assert answer.headers["Location"] == "/"
        else:
            assert answer.status in {400, 414}
            assert "Set-Cookie" not in answer.headers


async def test_groups_are_replaced_at_each_sign_in(installed):
    async with behind(installed, groups=["staff", "guests"]) as at:
        for said, found in (("staff,admins", ["staff"]), ("guests", ["guests"]), ("", [])):
            cookie = (await enter(at, Remote_Groups=said)).cookie
            assert (await at.ask("GET", "/api/v1/me", cookie=cookie)).json["groups"] == found


async def test_a_forged_word_signs_nobody_in_and_says_nothing_of_why(installed):
    async with behind(installed) as at:
        answers = [
            await enter(at, X_SSO_Secret=None),
            await enter(at, X_SSO_Secret="x" * 48),
            await enter(at, Remote_User="eve,bob"),
            await enter(at, Remote_User=None),
            await at.ask("GET", "/sign-in/sso", headers={**BOB, "Remote_User": "bob"}),
        ]
        at.front.desk = replace(at.front.desk, settings=with_sso(at.front.desk.settings))
        answers.append(await enter(at))
        assert {answer.status for answer in answers} == {403}
        words = "The single sign-on did not vouch for you here: sign in with your password, or ask an administrator."
        assert all(words in answer.text for answer in answers)
        for answer in answers:
            assert "Set-Cookie" not in answer.headers
            assert SECRET not in answer.text
    reasons = installed.rows("SELECT json_extract(detail, '$.reason') FROM audit WHERE action = 'sign_in_refused'")
    assert sorted(reason for (reason,) in reasons) == [
        *("alias", "bad_login", "no_login", "no_secret", "peer", "wrong_secret")
    ]


async def test_who_has_no_account_here_is_told_so_on_the_sign_in_page(installed):
    async with behind(installed) as at:
        for login, words in (("nobody", "You have no account here"), ("bob", "that of an account with a password")):
            answer = await enter(at, Remote_User=login)
            assert (answer.status, words in answer.text) == (403, True)
            assert 'name="password"' in answer.text
            assert "Set-Cookie" not in answer.headers


@attack("M07")
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Dest": "iframe"},
        {"Sec_Fetch_Dest": "object"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ],
    ids=str,
)
async def test_no_other_site_signs_a_browser_in_behind_the_back_of_its_person(installed, headers):
    """Login CSRF by an image, a frame or a script."""
    async with behind(installed) as at:
        answer = await enter(at, **headers)
        assert (answer.status, "Set-Cookie" in answer.headers) == (403, False)


async def test_only_a_get_signs_in(installed):
    async with behind(installed) as at:
        for method in ("HEAD", "POST", "PUT", "DELETE"):
            answer = await enter(at, method=method, Sec_Fetch_Site="same-origin")
            assert answer.status in {403, 405}, method
            assert "Set-Cookie" not in answer.headers
    assert installed.rows("SELECT count(*) FROM sessions") == [(0,)]


async def test_the_session_of_somebody_else_in_this_browser_ends(installed):
    async with behind(installed) as at:
        bob = (await at.sign_in()).cookie
        answer = await enter(at, cookie=bob)
        assert (await at.ask("GET", "/api/v1/session", cookie=answer.cookie)).json["login"] == "eve"
        assert (await at.ask("GET", "/api/v1/session", cookie=bob)).status == 401


async def test_the_headers_count_at_no_other_address(installed):
    async with behind(installed) as at:
        for path in ("/", "/api/v1/me", "/api/v1/session", "/tokens/new", "/sign-in"):
            answer = await at.ask("GET", path, headers=BOB)
            assert answer.status in {303, 401, 200}
            assert "Set-Cookie" not in answer.headers
            assert "eve" not in answer.text


async def test_the_sign_in_page_leads_there_and_on_to_where_one_wanted(installed):
    async with behind(installed) as at:
        page = await at.ask("GET", "/sign-in?to=/tokens/new")
        assert 'href="/sign-in/sso?to=%2Ftokens%2Fnew"' in page.text
        settings = at.front.desk.settings
        without = replace(settings, portal=settings.portal.model_copy(update={"sso": None}))
        at.front.desk = replace(at.front.desk, settings=without)
        assert "/sign-in/sso" not in (await at.ask("GET", "/sign-in")).text


async def test_who_came_by_it_is_led_to_its_end_when_signing_out_and_others_are_not(installed):
    url = "https://auth.example.org/logout?rd=x&y=1"
    async with behind(installed, sign_out_url=url) as at:
        cookie = (await enter(at)).cookie
        out = await at.send("/sign-out", cookie=cookie)
        assert (out.status, "Max-Age=0" in out.headers["Set-Cookie"]) == (200, True)
        assert f'content="0; url={url}"' in out.text
        assert "Signed in as" not in out.text
        assert (await at.ask("GET", "/api/v1/session", cookie=cookie)).status == 401
        bob = (await at.sign_in()).cookie
        assert (await at.send("/sign-out", cookie=bob)).headers["Location"] == "/sign-in"


async def test_without_an_end_elsewhere_one_stays_here(installed):
    async with behind(installed) as at:
        cookie = (await enter(at)).cookie
        assert (await at.send("/sign-out", cookie=cookie)).headers["Location"] == "/sign-in"
