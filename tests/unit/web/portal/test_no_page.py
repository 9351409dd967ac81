"""An address without a page: whoever is signed in finds the way on, and loses nothing by it."""

from gateway.store import StoreUnavailable
from tests.unit.web.portal.overseeing import overseeing

NAVIGATION = 'aria-label="Pages"'


async def test_whoever_is_signed_in_finds_the_way_on_and_strangers_see_nobody(installed):
    async with overseeing(installed) as at:
        mine, strange = await at.get("/nothing", who="eve"), await at.at.ask("GET", "/nothing")
        assert (mine.status, strange.status) == (404, 404)
        assert NAVIGATION in mine.text
        assert 'href="/sessions"' in mine.text
        assert NAVIGATION not in strange.text
        ended = await at.at.ask("GET", "/nothing", cookie=at.cookies["eve"][:-4] + "AAAA")
        assert (ended.status, NAVIGATION in ended.text) == (404, False)


async def test_what_is_to_be_told_waits_for_a_page_that_is_there(installed):
    async with overseeing(installed) as at:
        token = (await at.token(login="eve"))[:15]
        done = await at.send(f"/tokens/{token}/suspend", who="eve")
        assert done.status == 303
        assert "is suspended: nothing gets in" not in (await at.get("/nothing.png", who="eve")).text
        assert "is suspended: nothing gets in" in (await at.follow(done, who="eve")).text


async def test_without_the_store_it_says_the_same_of_nobody(installed, monkeypatch):
    async with overseeing(installed) as at:

        async def away(_):
            raise StoreUnavailable("SECRETCANARY")

        monkeypatch.setattr(at.at.front.sessions, "look_up", away)
        page = await at.get("/nothing", who="eve")
        assert (page.status, NAVIGATION in page.text) == (404, False)
        assert "Nothing has this address." in page.text
