"""R24, R25, R38: My account as a page."""

import asyncio
import re
from datetime import timedelta

from tests.unit.web.api.portal import portal
from tests.unit.web.api.test_tokens import sql
from tests.unit.web.portal.test_signing_in import signed_in
from tests.unit.web.portal.test_token_pages import a_token


async def test_r24_the_page_says_that_there_is_no_token_and_marks_an_expired_one_in_red_and_in_words(installed):
    async with portal(installed) as at:
        cookie = await signed_in(at)
        assert "No tokens yet" in (await at.ask("GET", "/", cookie=cookie)).text
        await a_token(at, cookie)
        ago = timedelta(days=40) // timedelta(microseconds=1)
        sql(installed, f"UPDATE tokens SET created_at = created_at - {ago}, expires_at = expires_at - {ago}")
        page = (await at.ask("GET", "/", cookie=cookie)).text
        (badge,) = re.findall(r'<span class="badge ([a-z]+)">.{0,400}?expired</span>', page, re.DOTALL)
        assert badge == "bad"
        assert "expired <time" in page


async def test_r25_the_page_knows_login_organisation_groups_contact_and_tokens(installed):
    async with portal(installed) as at:
        words = ("--name", "Bob B", "--email", "bob@example.org", "--organisation", "north")
        await asyncio.to_thread(installed.ok, "user", "edit", "bob", *words)
        cookie = await signed_in(at)
        path, _ = await a_token(at, cookie)
        page = (await at.ask("GET", "/", cookie=cookie)).text
        for told in ("bob", "Bob B", "bob@example.org", "north", "staff", "nightly export", path[8:], "never used"):
            assert told in page, told
        for act in ("edit", "rotate", "suspend", "revoke"):
            assert f'href="{path}/{act}"' in (await at.ask("GET", path, cookie=cookie)).text
        assert 'href="/tokens/new"' in page


async def test_r38_my_account_offers_tokens_only_when_switched_on_and_to_those_who_may(installed):
    written = installed.config.read_text()
    installed.config.write_text(written + "portal: {my_account: false}\n")
    async with portal(installed) as at:
        words = ("token", "create", "--user", "bob", "--name", "nightly export", "--scope", "rest")
        await asyncio.to_thread(installed.ok, *words)
        cookie = await signed_in(at)
        page = (await at.ask("GET", "/", cookie=cookie)).text
        assert "nightly export" not in page
        assert 'href="/tokens/new"' not in page
        assert "bob" in page
        assert (await at.ask("GET", "/tokens/new", cookie=cookie)).status == 403
