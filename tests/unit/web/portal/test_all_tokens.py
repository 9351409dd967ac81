"""All tokens: every filter of PARITY R26, the newest first, and stopping many at once."""

import re
from datetime import timedelta

from gateway.auth.owners import create_owner
from gateway.auth.token_wishes import NEVER
from gateway.core.owner import OwnerKind
from tests.unit.auth.signing_in import ROOT
from tests.unit.web.portal.overseeing import EVIL, links, of, overseeing


def listed(page) -> list[str]:
    """The names of the tokens on a page, in their order."""
    return re.findall(r'<h3><a href="/tokens/[^"]+">([^<]+)</a></h3>', page.text)


async def settle(at) -> dict[str, str]:
    """Tokens of users and of an application, oldest first; their handles by name."""
    robot = OwnerKind.APPLICATION
    desk = at.at.front.desk
    await create_owner(desk, actor=ROOT, kind=robot, login="robot", organisations=["acme"], groups=["admins"])
    made = {"laptop": await at.token("laptop")}
    made["ci"] = await at.token("ci", "eve", "write", expires=timedelta(days=60))
    made["robot job"] = await at.token("robot job", "robot", "export", kind=robot, expires=NEVER)
    made["soon"] = await at.token("soon", "eve", expires=timedelta(days=5))
    return {name: of(whole) for name, whole in made.items()}


WANTED = {
    "": ["soon", "robot job", "ci", "laptop"],
    "name=O": ["soon", "robot job", "laptop"],
    "owner=eve": ["soon", "ci"],
    "owner=robot": ["robot job"],
    "user=eve": ["soon", "ci"],
    "application=robot": ["robot job"],
    "kind=personal": ["soon", "ci", "laptop"],
    "kind=application": ["robot job"],
    "scope=write": ["ci"],
    "group=guests": ["soon", "ci"],
    "organisation=acme": ["robot job"],
    "expires=never": ["robot job"],
    "expires=7d": ["soon"],
    "expires=90d&owner=eve": ["soon", "ci"],
    "before=30d": ["soon"],
    "later=30d&owner=eve": ["ci"],
    "state=live&size=500": ["soon", "robot job", "ci", "laptop"],
    "state=suspended": [],
    "state=nonsense&kind=nonsense": ["soon", "robot job", "ci", "laptop"],
}
ODD = {
    "owner=nobody": (404, "nobody"),
    "before=tomorrow": (422, "not a time"),
    "kind=application&owner=eve": (404, "eve"),
}


async def test_every_filter_narrows_the_list_which_has_the_newest_first(installed):
    async with overseeing(installed) as at:
        await settle(at)
        for query, names in WANTED.items():
            page = await at.get(f"/tokens?{query}")
            assert (query, page.status, listed(page)) == (query, 200, names)
        assert "No token fits" in (await at.get("/tokens?state=suspended")).text


async def test_a_filter_that_is_none_says_so_beside_its_field(installed):
    async with overseeing(installed) as at:
        for query, (status, says) in ODD.items():
            page = await at.get(f"/tokens?{query}")
            assert (query, page.status, listed(page)) == (query, status, [])
            assert says in page.text.partition('id="faults"')[2]


async def test_a_long_list_comes_in_pages_without_a_gap(installed, monkeypatch):
    monkeypatch.setattr("gateway.web.portal.pages.all_tokens.SHOWN", 3)
    async with overseeing(installed) as at:
        for number in range(7):
            await at.token(f"t{number}", "eve")
        path, found = "/tokens?owner=eve", []
        while path:
            page = await at.get(path)
            found.append(listed(page))
            path = next((one for one in links(page, "/tokens?") if "after=" in one), "")
        assert found == [["t6", "t5", "t4"], ["t3", "t2", "t1"], ["t0"]]
        for odd in ("x", "9" * 30 + ".abc", "1.", "-1.abc", "9999999999999999999.abc"):
            assert (await at.get(f"/tokens?after={odd}")).status == 200


async def test_it_is_for_holders_of_the_permission_alone(installed):
    async with overseeing(installed) as at:
        token = of(await at.token())
        assert (await at.get("/tokens", who="eve")).status == 403
        for fields in ({"token": token}, {"token": token, "sure": "yes"}, {"user": "bob", "sure": "yes"}):
            assert (await at.send("/tokens/stop", who="eve", act="revoke", **fields)).status == 403
        assert not links(await at.get("/", who="eve"), "/tokens?")
        assert "active" in (await at.get(f"/tokens/{token}")).text


async def test_what_was_chosen_is_listed_before_it_ends_and_then_ended(installed):
    async with overseeing(installed) as at:
        made = await settle(at)
        chosen = [made["ci"], made["robot job"]]
        back = "/tokens?kind=personal"
        sure = await at.send("/tokens/stop", act="revoke", token=chosen, back=back)
        assert sure.status == 200
        assert "Revoke these 2 tokens?" in sure.text
        assert listed(sure) == ["robot job", "ci"]
        assert "active" in (await at.get(f"/tokens/{made['ci']}")).text
        fields = dict(re.findall(r'type="hidden" name="(act|sure|back)" value="([^"]*)"', sure.text))
        assert fields == {"act": "revoke", "sure": "yes", "back": back}
        assert sorted(re.findall(r'type="hidden" name="token" value="([^"]*)"', sure.text)) == sorted(chosen)
        done = await at.send("/tokens/stop", token=chosen, **fields)
        assert (done.status, done.headers["Location"]) == (303, back)
        assert "2 tokens are revoked." in (await at.follow(done)).text
        assert sorted(listed(await at.get("/tokens?state=revoked"))) == ["ci", "robot job"]
        again = await at.send("/tokens/stop", token=[*chosen, "tgp_AAAAAAAAAAA"], **fields)
        text = (await at.follow(again)).text
        assert "0 tokens are revoked. 2 had ended or were stopped before. 1 is not there." in text


async def test_all_of_an_owner_are_suspended_and_revoked_together(installed):
    async with overseeing(installed) as at:
        await settle(at)
        offered = links(await at.get("/tokens?owner=eve"), "/tokens/stop?")
        assert offered == ["/tokens/stop?act=suspend&user=eve", "/tokens/stop?act=revoke&user=eve"]
        for path, act, told in zip(
            offered, ("suspend", "revoke"), ("2 tokens are suspended.", "2 tokens are revoked."), strict=True
        ):
            sure = await at.get(path)
            assert listed(sure) == ["soon", "ci"]
            done = await at.send("/tokens/stop", act=act, user="eve", sure="yes")
            assert told in (await at.follow(done)).text
        assert "eve has no token that this would stop." in (await at.follow(await at.get(offered[1]))).text
        assert listed(await at.get("/tokens?state=live")) == ["robot job", "laptop"]


async def test_no_choice_and_too_many_end_nothing(installed, monkeypatch):
    monkeypatch.setattr("gateway.web.portal.pages.many_tokens.MOST", 1)
    async with overseeing(installed) as at:
        made = await settle(at)
        none = await at.send("/tokens/stop", act="revoke", back="https://evil.example/")
        assert (none.status, none.headers["Location"]) == (303, "/tokens")
        assert "No token was chosen." in (await at.follow(none)).text
        gone = await at.send("/tokens/stop", act="revoke", token="tgp_AAAAAAAAAAA")
        assert "None of these tokens is there." in (await at.follow(gone)).text
        for sure in ({}, {"sure": "yes"}):
            many = await at.send("/tokens/stop", act="revoke", token=list(made.values()), **sure)
            assert many.status == 422
            assert "more than 1 tokens" in many.text
        assert not listed(await at.get("/tokens?state=revoked"))


async def test_a_form_has_room_for_as_many_as_may_be_chosen(installed):
    async with overseeing(installed) as at:
        token = of(await at.token())
        chosen = [token, *(f"tgp_{number:011}" for number in range(499))]
        sure = await at.send("/tokens/stop", act="revoke", token=chosen)
        assert "499 that you chose are not there any more." in sure.text
        done = await at.send("/tokens/stop", act="revoke", token=chosen, sure="yes", back="/tokens")
        assert "1 token is revoked. 499 are not there." in (await at.follow(done)).text


async def test_a_whole_token_among_those_chosen_is_refused_and_not_repeated(installed):
    async with overseeing(installed) as at:
        whole = await at.token()
        for sure in ({}, {"sure": "yes"}):
            answer = await at.send("/tokens/stop", act="revoke", token=whole, **sure)
            assert answer.status == 422
            assert whole[-30:] not in answer.text


async def test_names_are_shown_as_text(installed):
    async with overseeing(installed) as at:
        token = of(await at.token(EVIL))
        for answer in (
            await at.get("/tokens"),
            await at.get("/tokens?name=%3Cscript%3E"),
            await at.send("/tokens/stop", act="revoke", token=token),
        ):
            assert EVIL in answer.text
            assert EVIL.encode() not in answer.raw
