"""`portal.my_account: false`: no page of one's own tokens is found, also by its address, and no right is taken away."""

from gateway.core.token import parse_handle
from gateway.web.portal.rows import PAGES
from tests.unit.web.portal.overseeing import EVIL, SETTINGS, of, overseeing

OFF = SETTINGS + "portal: {my_account: false}\n"
OWN = [one for one in PAGES if "own_tokens" in one.permissions]
ASKED = {"name": EVIL, "scope": "rest", "expires": "30d", "grace": "0"}


async def test_no_page_of_ones_own_tokens_answers_to_who_has_only_these(installed):
    async with overseeing(installed, OFF) as at:
        whole = await at.token(login="eve")
        assert len(OWN) == 8
        for page in OWN:
            path = page.path.replace("{token}", of(whole))
            answers = [await at.get(path, who="eve")]
            answers += [await at.send(path, who="eve", **ASKED)] if page.act is not None else []
            for answer in answers:
                assert (page.name, answer.status) == (page.name, 403)
                assert "for people with another task" in answer.text
                assert of(whole) not in answer.text.replace(path, "")
        found = await at.at.front.desk.store.load_token(parse_handle(of(whole), brand="tg")[1])
        assert (found.token.name, found.token.suspended_at, found.token.revoked_at) == ("ci", None, None)
        assert len(found.secrets) == 1


async def test_the_first_page_says_who_one_is_and_names_no_token(installed):
    async with overseeing(installed, OFF) as at:
        whole = await at.token(login="bob")
        for who in ("bob", "eve"):
            page = await at.get("/", who=who)
            assert page.status == 200
            assert who in page.text
            assert "no tokens of your own for this account" in page.text
            assert of(whole) not in page.text
            assert "/tokens/new" not in page.text


async def test_who_oversees_all_tokens_makes_some_for_others_and_finds_their_own_among_all(installed):
    async with overseeing(installed, OFF) as at:
        mine = of(await at.token(login="bob"))
        for ask in (at.get, at.send):
            assert (await ask("/tokens/new")).status == 403
        assert (await at.get("/tokens/new?user=eve")).status == 200
        made = await at.send("/tokens/new", user="eve", name="for eve", scope="rest", expires="30d")
        assert made.status == 200
        assert mine in (await at.get("/tokens")).text
        assert (await at.get(f"/tokens/{mine}")).status == 200


async def test_the_right_itself_stays(installed):
    async with overseeing(installed, OFF) as at:
        made = await at.at.ask(
            "POST", "/api/v1/tokens", cookie=at.cookies["eve"], json={"name": "by the API", "scopes": ["rest"]}
        )
        assert made.status == 201
