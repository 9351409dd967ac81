"""One's own sessions by pages: see them, end one, end all others."""

import re

from tests.unit.auth.signing_in import GOOD
from tests.unit.web.api.portal import portal

AGENT = {"User-Agent": "<b>Browser</b>/1"}


def ends(page) -> list[str]:
    return re.findall(r'href="(/sessions/[0-9a-f]{64}/end)"', page.text)


async def test_one_sees_where_one_is_signed_in_and_signs_out_there(installed):
    async with portal(installed) as at:
        here = (await at.sign_in()).cookie
        there = (await at.sign_in(headers=AGENT)).cookie
        page = await at.ask("GET", "/sessions", cookie=here)
        assert page.text.count("</svg>this browser") == 1
        assert b"<b>Browser" not in page.raw
        listed = set(ends(page))
        assert len(listed) == 2
        mine, other = await which(at, here, listed), await which(at, there, listed)
        asked = await at.ask("GET", other, cookie=here)
        assert "Sign out there?" in asked.text
        assert b"<dd>&lt;b&gt;Browser&lt;/b&gt;/1</dd>" in asked.raw  # which one it is
        assert "<code>192.0.2.7</code>" in asked.text
        done = await at.send(other, cookie=here)
        assert (done.status, done.headers["Location"]) == (303, "/sessions")
        assert "You are signed out there" in (await at.ask("GET", "/sessions", cookie=here)).text
        assert (await at.ask("GET", "/sessions", cookie=there)).status == 303
        assert (await at.ask("GET", other, cookie=here)).status == 404
        assert (await at.send(other, cookie=here)).status == 404
        assert "Sign out here?" in (await at.ask("GET", mine, cookie=here)).text
        out = await at.send(mine, cookie=here)
        assert (out.headers["Location"], "Max-Age=0" in out.headers["Set-Cookie"]) == ("/sign-in", True)


async def which(at, cookie, listed) -> str:
    """The one of these that is of this browser."""
    asked = [(path, (await at.ask("GET", path, cookie=cookie)).text) for path in listed]
    return next(path for path, text in asked if "Sign out here?" in text)


async def test_all_others_end_at_once_and_this_one_stays(installed):
    async with portal(installed) as at:
        here, *others = [(await at.sign_in()).cookie for _ in range(3)]
        assert "Only this browser stays signed in" in (await at.ask("GET", "/sessions/others", cookie=here)).text
        assert (await at.send("/sessions/others", cookie=here)).status == 303
        page = await at.ask("GET", "/sessions", cookie=here)
        assert "You are signed out of 2 others." in page.text
        assert "/sessions/others" not in page.text
        for cookie in others:
            assert (await at.ask("GET", "/sessions", cookie=cookie)).status == 303


async def test_nobody_ends_the_session_of_another(installed):
    async with portal(installed) as at:
        await at.front.user("carol", "staff")
        bob = (await at.sign_in()).cookie
        carol = (await at.sign_in("carol", GOOD)).cookie
        (path,) = ends(await at.ask("GET", "/sessions", cookie=carol))
        for answer in (await at.ask("GET", path, cookie=bob), await at.send(path, cookie=bob)):
            assert answer.status == 404
        assert (await at.ask("GET", "/sessions", cookie=carol)).status == 200
