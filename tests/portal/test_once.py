"""A secret is shown once, and what is sent twice is done once: the back button, reloads, impatient clicks."""

import asyncio
import re

import pytest
from playwright.async_api import Page, expect

from tests.portal.harness.site import SECURE
from tests.portal.test_tokens import TOKEN, handle, make, shown_secret

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
FORGOTTEN_S = 2.2  # for two seconds a second click gets the same answer


async def holds_no_secret(page: Page, secret: str) -> None:
    """Neither in what is seen nor anywhere else in the page."""
    await expect(page.locator("h1")).to_be_visible()
    text = await page.content()
    assert secret not in text
    assert not TOKEN.search(text)


@SCRIPTS
async def test_neither_back_nor_forward_nor_a_reload_shows_a_secret_again(tabs, person, watch, javascript):
    watch.expects("net::ERR_CACHE_MISS")  # what Chromium says in place of a form that it would have to send again
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/")
    secret = await make(page, "shown once")
    await page.get_by_role("link", name="I have kept it").click()
    await expect(page.get_by_role("heading", name="shown once", level=1)).to_be_visible()
    await asyncio.sleep(FORGOTTEN_S)
    await page.evaluate("history.back()")
    await asyncio.sleep(0.5)
    assert secret not in await page.content()  # which may be Chromium's own, that asks to send a form again
    await page.goto("/")
    await holds_no_secret(page, secret)


async def test_a_page_that_the_browser_keeps_for_going_back_holds_no_secret(tabs, person):
    page = await tabs.tab(person)
    secret = await make(page, "kept for going back")
    assert secret in await page.content()
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert secret not in await page.content()
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    await expect(page.get_by_role("heading", name="kept for going back", level=1)).to_be_visible()
    await holds_no_secret(page, secret)


async def test_the_reload_of_a_shown_secret_is_the_page_of_its_token(tabs, person):
    page = await tabs.tab(person)
    secret = await make(page, "reloaded")
    assert page.url == f"{SECURE}/tokens/{handle(secret)}"
    await page.reload()
    await holds_no_secret(page, secret)
    await expect(page.get_by_role("heading", name="reloaded", level=1)).to_be_visible()


async def test_without_javascript_a_form_that_is_sent_again_makes_no_token_and_shows_no_secret(tabs, house, person):
    page = await tabs.tab(person, javascript=False)
    secret = await make(page, "sent again")
    await asyncio.sleep(FORGOTTEN_S)
    await page.reload()  # Playwright answers yes to "send the form again?"
    await holds_no_secret(page, secret)
    await page.goto("/")
    await expect(page.get_by_role("main").get_by_role("link", name="sent again", exact=True)).to_have_count(1)
    assert (await house.use(secret))[0] == 200


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_a_double_click_makes_one_token_and_shows_its_secret(tabs, house, person, watch, javascript):
    watch.expects("net::ERR_ABORTED")  # the first of the two, when the browser sends both
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("clicked twice")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("button", name="Make the token").dblclick()
    secret = await shown_secret(page)
    assert (await house.use(secret))[0] == 200
    await page.goto("/")
    await expect(page.get_by_role("main").get_by_role("link", name="clicked twice", exact=True)).to_have_count(1)


async def test_a_form_that_reaches_the_gateway_twice_at_once_makes_one_token(tabs, house, person):
    """Whatever sends it twice: a proxy that tries again, a browser whose line broke."""
    page = await tabs.tab(person)
    await page.goto("/tokens/new")
    sent = """async () => {
        const form = document.querySelector("form[action='/tokens/new']");
        form.elements.name.value = "at once";
        form.querySelector("[value=rest]").checked = true;
        const body = new URLSearchParams(new FormData(form));
        const one = async () => (await fetch("/tokens/new", { method: "POST", body })).text();
        return Promise.all([one(), one(), one(), one()]);
    }"""
    answers: list[str] = await page.evaluate(sent)
    secrets = {found[0] for text in answers if (found := TOKEN.search(text))}
    assert len(secrets) == 1
    assert (await house.use(secrets.pop()))[0] == 200
    await page.goto("/")
    await expect(page.get_by_role("main").get_by_role("link", name="at once", exact=True)).to_have_count(1)


async def test_a_double_click_on_rotate_makes_one_secret(tabs, house, person, watch):
    watch.expects("net::ERR_ABORTED")
    made = await house.token(person, "rotated twice")
    page = await tabs.tab(person, javascript=False)
    await page.goto(f"/tokens/{made.token.id}/rotate")
    await page.get_by_role("radio", name=re.compile("1 day|24 hours")).check()
    await page.get_by_role("button", name="Make the new secret").dblclick()
    secret = await shown_secret(page)
    assert (await house.use(secret))[0] == 200
    # A second rotation would have ended the first secret, which has its grace.
    assert (await house.use(made.whole.reveal()))[0] == 200


@SCRIPTS
async def test_a_lost_session_keeps_what_was_typed_and_makes_nothing_by_itself(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill('long "thought" over & <typed>')
    await page.get_by_role("checkbox", name="export").check()
    await page.get_by_role("radio", name="180 days").check()
    await page.context.clear_cookies()
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("Login").fill(person.login)
    await page.get_by_label("Password").fill("mistyped at first")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_label("Password").fill(person.password)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="New token")).to_be_visible()
    await expect(page.get_by_text("You are signed in again")).to_be_visible()
    await expect(page.get_by_label("Name", exact=True)).to_have_value('long "thought" over & <typed>')
    await expect(page.get_by_role("checkbox", name="export")).to_be_checked()
    await expect(page.get_by_role("radio", name="180 days")).to_be_checked()
    assert not await house.desk.store.tokens(owner_id=person.id)
    await page.get_by_role("button", name="Make the token").click()
    await shown_secret(page)


async def test_a_second_click_on_a_slow_line_sends_nothing_and_says_that_it_is_under_way(tabs, person, watch):
    page = await tabs.tab(person)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("slow line")
    await page.get_by_role("checkbox", name="rest").check()
    button = page.get_by_role("button", name="Make the token")
    disabled = await button.evaluate("(it) => { it.click(); it.click(); return it.getAttribute('aria-disabled') }")
    assert disabled == "true"
    await shown_secret(page)
    assert sum(one == f"POST {SECURE}/tokens/new" for one in watch.requests) == 1


@SCRIPTS
async def test_what_gives_power_asks_for_the_password_that_was_typed_long_ago(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    await house.forget_proof(person)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("with proof")
    await page.get_by_role("checkbox", name="rest").check()
    again = page.get_by_label("Your password, again")
    await again.fill("this is not the one")
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("alert")).to_contain_text("not your password")
    await expect(again).to_have_value("")
    await expect(page.get_by_label("Name", exact=True)).to_have_value("with proof")
    assert not await house.desk.store.tokens(owner_id=person.id)
    await again.fill(person.password)
    await page.get_by_role("button", name="Make the token").click()
    secret = await shown_secret(page)
    assert (await house.use(secret))[0] == 200
    await page.goto("/tokens/new")
    await expect(again).to_have_count(0)  # it counts for a quarter of an hour


async def test_taking_a_token_away_asks_for_no_password(tabs, house, person):
    made = await house.token(person, "to be ended")
    page = await tabs.tab(person)
    await house.forget_proof(person)
    await page.goto(f"/tokens/{made.token.id}")
    await page.get_by_role("link", name="Revoke").click()
    await expect(page.get_by_label(re.compile("password", re.IGNORECASE))).to_have_count(0)
    await page.get_by_role("button", name="Revoke it for good").click()
    await expect(page.get_by_text("to be ended is revoked")).to_be_visible()
