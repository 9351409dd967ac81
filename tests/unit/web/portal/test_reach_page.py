"""*What can this token reach?*: every route for who may ask for explanations, those that it opens for others."""

from tests.unit.web.portal.overseeing import SETTINGS, links, of, overseeing


async def test_who_may_explain_sees_every_route_with_its_reason(installed):
    async with overseeing(installed) as at:
        token = of(await at.token())
        page = await at.get(f"/tokens/{token}/reach?address=192.0.2.9")
        assert page.status == 200
        for name in ("public", "closed", "read", "write", "machine", "inside", "own"):
            assert f">{name}<" in page.text
        assert "the token lacks a scope" in page.text
        assert "the route takes another kind of token" in page.text
        assert "from elsewhere" in page.text
        assert "10.0.0.0/8" in page.text
        assert links(page, "/explain?") == [f"/explain?token={token}&address=192.0.2.9"]
        assert f"/tokens/{token}/reach" in links(await at.get(f"/tokens/{token}"), "/tokens/")


async def test_others_see_what_their_own_token_opens_and_no_line_of_the_file(installed):
    async with overseeing(installed) as at:
        token = of(await at.token("ci", "eve"))
        page = await at.get(f"/tokens/{token}/reach", who="eve")
        assert "GET app.example.org/api/any" in page.text
        assert ">closed<" not in page.text
        assert "line " not in page.text.partition("<main")[2]
        assert not links(page, "/explain")


async def test_the_address_is_chosen_and_one_that_is_none_is_refused(installed):
    async with overseeing(installed) as at:
        token = of(await at.token())
        inside = await at.get(f"/tokens/{token}/reach?address=10.1.2.3")
        assert "from elsewhere" not in inside.text
        assert "<code>10.1.2.3</code>" in inside.text
        here = await at.get(f"/tokens/{token}/reach")
        assert "<code>192.0.2.7</code> (where you are)" in here.text
        odd = await at.get(f"/tokens/{token}/reach?address=%3Cb%3E")
        assert odd.status == 422
        assert "is no address" in odd.text
        assert b"<b>" not in odd.raw


async def test_a_token_of_somebody_else_is_as_one_that_is_not_there(installed):
    async with overseeing(installed) as at:
        foreign = of(await at.token())
        found = [await at.get(f"/tokens/{one}/reach", who="eve") for one in (foreign, "tgp_AAAAAAAAAAA")]
        assert [one.status for one in found] == [404, 404]
        assert found[0].text.replace(foreign, "X") == found[1].text.replace("tgp_AAAAAAAAAAA", "X")


async def test_many_routes_come_in_pages(installed):
    more = "".join(
        f"  - {{name: r{n}, host: app.example.org, path: /more/{n}, authenticated: true}}\n" for n in range(150)
    )
    async with overseeing(installed, SETTINGS + more) as at:
        path, seen = f"/tokens/{of(await at.token())}/reach?address=192.0.2.9", 0
        pages = 0
        while path:
            page = await at.get(path)
            seen += page.text.count('role="rowheader"')
            pages += 1
            path = next(iter(one for one in links(page, "/tokens/") if "after=" in one), "")
        assert (seen, pages) == (157, 2)
