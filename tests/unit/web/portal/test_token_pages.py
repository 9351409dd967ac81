"""A person's way with their tokens by pages: made once, shown once, and ended when they say so."""

import asyncio
import re
from datetime import timedelta

import pytest

from gateway.store import TokenFilter
from tests.unit.auth.signing_in import GOOD, OTHER
from tests.unit.web.api.portal import portal
from tests.unit.web.api.test_tokens import sql
from tests.unit.web.portal.test_signing_in import signed_in

SECRET = re.compile(r"tgp_[0-9A-Za-z]{11}_[0-9A-Za-z]{38}")
NEW = {"name": "nightly export", "scope": ["rest"], "expires": "30d"}


def made(page) -> str:
    """The secret that a page shows."""
    assert page.status == 200, page.text
    found = set(SECRET.findall(page.text))
    assert len(found) == 1
    return found.pop()


async def a_token(at, cookie, **more) -> tuple[str, str]:
    """A token made by the page: the path of its page, and its secret."""
    secret = made(await at.send("/tokens/new", cookie=cookie, **{**NEW, **more}))
    return "/tokens/" + secret[:15], secret


async def tokens(at):
    """All tokens that there are."""
    return await at.front.desk.store.tokens(TokenFilter())


async def test_a_token_is_made_shown_once_and_found_on_my_account(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        form = await at.ask("GET", "/tokens/new", cookie=cookie)
        assert 'name="once"' in form.text
        path, secret = await a_token(at, cookie, networks="192.0.2.0/24\n2001:db8::/32", idle="30d")
        for page in ("/", path, f"{path}/edit"):
            shown = await at.ask("GET", page, cookie=cookie)
            assert (shown.status, "nightly export" in shown.text) == (200, True)
            assert secret not in shown.text
        (entry,) = await tokens(at)
        assert entry.token.scopes == {"rest"}
        assert [str(one) for one in entry.token.networks.members] == ["192.0.2.0/24", "2001:db8::/32"]
        assert entry.token.idle == timedelta(days=30)
        lives = entry.token.expires_at - entry.token.created_at
        assert abs(lives - timedelta(days=30)) < timedelta(minutes=1)


async def test_a_double_click_makes_one_token_and_a_late_one_is_told_so(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        once = "A" * 22
        both = await asyncio.gather(*(at.send("/tokens/new", cookie=cookie, once=once, **NEW) for _ in range(2)))
        assert made(both[0]) == made(both[1])
        assert len(await tokens(at)) == 1


async def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        for wrong, words in (
            ({"name": ""}, "name"),
            ({"scope": ["nowhere"]}, "scope"),
            ({"expires": "custom", "expires_on": "tomorrow"}, "not a time"),
            ({"expires": "custom", "expires_on": ""}, "no day"),
            ({"networks": "300.0.0.0/8"}, "300.0.0.0/8"),
            ({"idle": "soon"}, "not a span"),
        ):
            page = await at.send("/tokens/new", cookie=cookie, **{**NEW, "hosts": "app.example.org", **wrong})
            assert (wrong, page.status) == (wrong, 422)
            assert words in page.text.lower()
            assert "app.example.org" in page.text
            assert 'aria-invalid="true"' in page.text or 'id="faults"' in page.text
        assert await tokens(at) == ()


async def test_a_token_is_edited_and_an_edit_of_an_older_version_is_refused(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        path, _ = await a_token(at, cookie)
        version = re.search(r'name="version" value="(\d+)"', (await at.ask("GET", f"{path}/edit", cookie=cookie)).text)
        change = {"name": "weekly", "scope": ["rest"], "expires": "keep", "version": version[1]}
        done = await at.send(f"{path}/edit", cookie=cookie, **change)
        assert (done.status, done.headers["Location"]) == (303, path)
        assert "weekly" in (await at.ask("GET", path, cookie=cookie)).text
        late = await at.send(f"{path}/edit", cookie=cookie, **(change | {"name": "monthly"}))
        assert (late.status, "changed by somebody else" in late.text) == (412, True)
        assert 'value="monthly"' in late.text


async def test_a_rotation_gives_another_secret_and_may_leave_the_old_one_a_while(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        path, first = await a_token(at, cookie)
        for grace in ("0", "1h", "until_used"):
            assert (await at.ask("GET", f"{path}/rotate", cookie=cookie)).status == 200
            page = await at.send(f"{path}/rotate", cookie=cookie, grace=grace)
            assert made(page) != first
        assert (await at.send(f"{path}/rotate", cookie=cookie, grace="99d")).status == 422


async def test_a_token_is_suspended_resumed_and_revoked_each_after_it_was_asked(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        path, _ = await a_token(at, cookie)
        for act, words in (("suspend", "is suspended"), ("resume", "works again"), ("revoke", "is revoked")):
            asked = await at.ask("GET", f"{path}/{act}", cookie=cookie)
            assert (act, asked.status, "nightly export" in asked.text) == (act, 200, True)
            done = await at.send(f"{path}/{act}", cookie=cookie)
            assert (act, done.status, done.headers["Location"]) == (act, 303, path)
            assert words in (await at.ask("GET", path, cookie=cookie)).text
        gone = await at.ask("GET", f"{path}/edit", cookie=cookie)
        assert (gone.status, gone.headers["Location"]) == (303, path)
        assert "has ended for good" in (await at.ask("GET", path, cookie=cookie)).text
        assert "nightly export" not in (await at.ask("GET", "/", cookie=cookie)).text
        assert "nightly export" in (await at.ask("GET", "/?revoked=yes", cookie=cookie)).text


async def test_the_password_is_asked_again_when_it_was_typed_too_long_ago(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        sql(installed, "UPDATE sessions SET proof_at = proof_at - 3600000000")
        form = await at.ask("GET", "/tokens/new", cookie=cookie)
        assert 'name="proof"' in form.text
        for proof, status in (({}, 403), ({"proof": OTHER}, 403)):
            page = await at.send("/tokens/new", cookie=cookie, **NEW, **proof)
            assert (page.status, 'name="proof"' in page.text, OTHER in page.text) == (status, True, False)
        made(await at.send("/tokens/new", cookie=cookie, **NEW, proof=GOOD))
        assert 'name="proof"' not in (await at.ask("GET", "/tokens/new", cookie=cookie)).text


async def test_anothers_token_and_one_that_is_not_there_look_alike(installed):
    async with portal(installed) as at:
        await at.front.user("carol", "staff")
        path, _ = await a_token(at, await signed_in(at))
        cookie = await signed_in(at, "carol")
        for page in ("", "/edit", "/rotate", "/suspend", "/resume", "/revoke"):
            theirs = await at.ask("GET", path + page, cookie=cookie)
            none = await at.ask("GET", "/tokens/tgp_00000000000" + page, cookie=cookie)
            assert (page, theirs.status, none.status) == (page, 404, 404)
            assert theirs.text.replace(path[8:], "tgp_00000000000") == none.text
            if page:
                assert (await at.send(path + page, cookie=cookie, name="x", grace="0")).status == 404
        (entry,) = await tokens(at)
        assert entry.token.name == "nightly export"
        assert entry.token.revoked_at is None


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}"])
async def test_a_name_is_text_wherever_it_stands(installed, name):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        path, _ = await a_token(at, cookie, name=name)
        for page in ("/", path, f"{path}/edit", f"{path}/rotate", f"{path}/revoke"):
            shown = await at.ask("GET", page, cookie=cookie)
            assert name in shown.text
            assert b"<script>alert" not in shown.raw
            assert b"<img src=x" not in shown.raw
