"""Administrators watch: they find tokens and stop many, and follow a refusal from the audit to its reason."""

import json
import re
from secrets import token_hex

from playwright.async_api import expect

from gateway.core.token import handle
from gateway.store import TokenRefusal
from tests.portal.harness.browser import PHONE


async def test_many_tokens_are_chosen_listed_and_revoked(tabs, house, admin, person):
    mark = token_hex(4)
    for number in range(3):
        await house.token(person, f"{mark} {number}")
    page = await tabs.tab(admin)
    await page.goto("/tokens")
    await page.get_by_label("Name").fill(mark)
    await expect(page).to_have_url(re.compile(f"name={mark}"))  # only they are listed now
    await expect(page.get_by_role("listitem").filter(has_text=mark)).to_have_count(3)
    await page.get_by_role("button", name="Choose all, or none").click()
    await page.get_by_role("checkbox", name=f"Choose {mark} 1").uncheck()
    await page.get_by_role("button", name="Revoke the chosen").click()
    await expect(page.get_by_role("heading", name="Revoke these 2 tokens?")).to_be_visible()
    await page.get_by_role("button", name="Revoke 2 tokens for good").click()
    await expect(page.get_by_text("2 tokens are revoked.")).to_be_visible()
    await page.get_by_label("Name").fill(mark)
    await expect(page.get_by_role("listitem").filter(has_text="revoked")).to_have_count(2)


async def test_the_same_works_without_javascript_on_a_phone(tabs, house, admin, person):
    mark = token_hex(4)
    await house.token(person, mark)
    page = await tabs.tab(admin, javascript=False, width=PHONE)
    await page.goto(f"/tokens?name={mark}")
    await page.get_by_role("checkbox", name=f"Choose {mark}").check()
    await page.get_by_role("button", name="Suspend the chosen").click()
    await page.get_by_role("button", name="Suspend it").click()
    await expect(page.get_by_text("1 token is suspended.")).to_be_visible()


async def test_a_refusal_is_followed_from_the_audit_to_what_would_change_it(tabs, house, admin, person):
    made = await house.token(person, f"probe {token_hex(4)}", "export")
    now = house.clock()
    refusal = TokenRefusal(
        token_id=made.token.id,
        reason="insufficient_scope",
        count=2,
        first_at=now,
        last_at=now,
        last_address="198.51.100.7",
        host="app.example.org",
        route="api-read",
    )
    await house.desk.store.record_refusals([refusal], [])
    page = await tabs.tab(admin)
    await page.goto(f"/audit?action=token_refused&token={made.token.id}")
    await page.get_by_role("link", name="Explain it").click()
    await expect(page.get_by_role("heading", name="This request is refused: the token lacks a scope")).to_be_visible()
    await expect(page.get_by_label("Address of the page or the call")).to_have_value("https://app.example.org/api/any")
    await page.get_by_label("Address of the page or the call").fill("https://app.example.org/public/x")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="This request passes: the route is public")).to_be_visible()


async def test_a_whole_token_that_is_pasted_reaches_no_address_and_no_page(tabs, house, admin, person):
    made = await house.token(person, f"pasted {token_hex(4)}")
    whole = made.whole.reveal()
    page = await tabs.tab(admin)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto("/explain")
    await page.get_by_label("Address of the page or the call").fill("https://app.example.org/api/x")
    await page.get_by_label("Token").fill(whole)
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_role("alert")).to_contain_text("whole token")
    assert whole not in await page.content()
    assert not [url for url in asked if whole in url]
    await page.get_by_label("Token").fill(handle("tg", made.token.kind, made.token.id))
    await page.get_by_role("button", name="Explain").click()
    await expect(page.get_by_text("Step by step")).to_be_visible()


async def test_the_audit_is_exported_by_its_link_and_verified_by_its_button(tabs, admin):
    page = await tabs.tab(admin)
    await page.goto("/audit")
    async with page.expect_download() as coming:
        await page.get_by_role("link", name="Export", exact=True).click()
    download = await coming.value
    assert download.suggested_filename == "audit.jsonl"
    lines = (await download.path()).read_bytes().splitlines()
    assert "head" in json.loads(lines[-1])
    await page.get_by_role("link", name="Verify").click()
    await page.get_by_role("button", name="Verify now").click()
    await expect(page.get_by_role("status").filter(has_text="It holds")).to_be_visible()
