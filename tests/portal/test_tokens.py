"""A person's way with a token in a browser: make it, use it, see that it was used, change it, stop it, end it."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.portal.harness.browser import PHONE
from tests.portal.harness.site import APP, GIT, PACKAGES, SECURE

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
TOKEN = re.compile(r"tgp_[0-9A-Za-z]{11}_[0-9A-Za-z]{38}")


async def make(page: Page, name: str, *scopes: str) -> str:
    """Make a token by the page; the whole token, as it is shown."""
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill(name)
    for scope in scopes or ("rest",):
        await page.get_by_role("checkbox", name=scope).check()
    await page.get_by_role("button", name="Make the token").click()
    return await shown_secret(page)


async def shown_secret(page: Page) -> str:
    """The secret on the page that shows it."""
    await expect(page.get_by_role("heading", name="Copy the token now")).to_be_visible()
    secret = await page.locator("#secret").inner_text()
    assert TOKEN.fullmatch(secret), secret
    return secret


def handle(secret: str) -> str:
    """Its public part."""
    return secret[: secret.rindex("_")]


def listed(page: Page, name: str) -> Locator:
    """The token in the list of My account."""
    return page.get_by_role("main").get_by_role("link", name=name, exact=True)


@SCRIPTS
async def test_a_person_makes_a_token_that_works_and_sees_it_in_the_list(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/")
    await page.get_by_role("link", name="Make your first token").click()
    await page.get_by_label("Name", exact=True).fill("nightly report")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("button", name="Make the token").click()
    secret = await shown_secret(page)
    assert await house.use(secret) == (200, f"{APP} was told {person.login}")
    assert (await house.use(secret, method="POST"))[0] == 403
    await page.get_by_role("link", name="I have kept it").click()
    await expect(page.get_by_role("heading", name="nightly report", level=1)).to_be_visible()
    await expect(page.get_by_text(handle(secret))).to_be_visible()
    assert secret not in await page.content()
    await page.goto("/")
    await expect(listed(page, "nightly report")).to_be_visible()


async def test_thirty_seconds_and_a_keyboard_are_enough_for_a_token(tabs, house, person):
    """From the sign-in on, without touching the mouse, and without knowing where things are."""
    page = await tabs.tab(address=person.address)
    await page.goto("/sign-in")
    presses = 0

    async def press(key: str) -> None:
        nonlocal presses
        presses += 1
        await page.keyboard.press(key)

    async def tab_to(words: str) -> None:
        """On with the Tab key until something is focused that is called so; each stop can be seen."""
        for _ in range(40):
            await press("Tab")
            name = await page.evaluate(
                """() => { const at = document.activeElement;
                return (at.labels?.[0] ?? at).innerText?.trim() ?? "" }"""
            )
            assert await page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none", name
            if name.startswith(words):
                return
        raise AssertionError(f"no way to {words!r}")

    await tab_to("Login")
    await page.keyboard.type(person.login)
    await press("Tab")
    await page.keyboard.type(person.password)
    await press("Enter")
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
    await tab_to("Make your first token")
    await press("Enter")
    await expect(page.get_by_role("heading", name="New token")).to_be_visible()
    await tab_to("Name")
    await page.keyboard.type("by keyboard")
    await tab_to("rest")
    await press("Space")
    await press("Enter")
    secret = await shown_secret(page)
    await tab_to("Copy")
    await press("Enter")
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == secret
    assert (await house.use(secret))[0] == 200
    assert presses < 60


async def test_the_first_tab_stop_leads_past_the_navigation(tabs, sample):
    page = await tabs.tab(sample.ada)
    await page.goto("/")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.locator("main")).to_be_focused()


async def test_its_page_tells_of_its_use(tabs, house, person):
    page = await tabs.tab(person)
    secret = await make(page, "probe")
    await page.goto(f"/tokens/{handle(secret)}")
    await expect(page.get_by_text("never").first).to_be_visible()
    for _ in range(3):
        assert (await house.use(secret, address="203.0.113.77"))[0] == 200
    for _ in range(60):  # what is counted is written every ten seconds
        await page.reload()
        if await page.get_by_text("203.0.113.77").count():
            break
        await asyncio.sleep(0.25)
    await expect(page.get_by_role("main")).to_contain_text("3 uses in the last 30 days")
    await expect(page.get_by_role("main")).to_contain_text("just now from 203.0.113.77")
    await page.goto("/")
    await expect(page.get_by_role("main")).to_contain_text("203.0.113.77")


@SCRIPTS
async def test_what_is_taken_away_from_a_token_it_loses_at_once(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    secret = await make(page, "wide", "rest", "write")
    assert (await house.use(secret, method="POST"))[0] == 200
    await page.goto(f"/tokens/{handle(secret)}")
    await page.get_by_role("link", name="Edit").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("wide")
    await expect(page.get_by_role("checkbox", name="write")).to_be_checked()
    await page.get_by_label("Name", exact=True).fill("narrow")
    await page.get_by_role("checkbox", name="write").uncheck()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    await expect(page.get_by_role("heading", name="narrow", level=1)).to_be_visible()
    assert (await house.use(secret, method="POST"))[0] == 403
    assert (await house.use(secret))[0] == 200


async def test_two_people_who_edit_at_once_do_not_undo_each_other(tabs, house, person):
    first, second = await tabs.tab(person), await tabs.tab(person)
    made = await house.token(person, "shared", "rest")
    for page in (first, second):
        await page.goto(f"/tokens/{made.token.id}/edit")
        await page.get_by_role("checkbox", name="export").check()
    await first.get_by_role("button", name="Save").click()
    await expect(first.get_by_text("Saved.")).to_be_visible()
    await second.get_by_label("Name", exact=True).fill("mine")
    await second.get_by_role("button", name="Save").click()
    await expect(second.get_by_role("alert")).to_be_visible()
    await expect(second.get_by_label("Name", exact=True)).to_have_value("mine")
    await second.goto("/")
    await expect(listed(second, "shared")).to_be_visible()


@SCRIPTS
async def test_rotating_with_grace_lets_both_secrets_in_and_without_it_only_the_new_one(
    tabs, house, person, javascript
):
    page = await tabs.tab(person, javascript=javascript)
    first = await make(page, "rotated")
    await page.goto(f"/tokens/{handle(first)}/rotate")
    await page.get_by_role("radio", name=re.compile("1 day|24 hours")).check()
    await page.get_by_role("button", name="Make the new secret").click()
    second = await shown_secret(page)
    assert second != first
    assert handle(second) == handle(first)
    await expect(page.get_by_text("The secret before it works until")).to_be_visible()
    assert [(await house.use(secret))[0] for secret in (first, second)] == [200, 200]
    await page.goto(f"/tokens/{handle(first)}/rotate")
    await page.get_by_role("radio", name="Not at all").check()
    await page.get_by_role("button", name="Make the new secret").click()
    third = await shown_secret(page)
    assert [(await house.use(secret))[0] for secret in (first, second, third)] == [401, 401, 200]


@SCRIPTS
async def test_a_suspended_token_opens_nothing_until_it_is_resumed(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    secret = await make(page, "paused")
    await page.goto(f"/tokens/{handle(secret)}")
    await page.get_by_role("link", name="Suspend").click()
    assert (await house.use(secret))[0] == 200  # it was only asked
    await page.get_by_role("button", name="Suspend it").click()
    await expect(page.get_by_text("paused is suspended")).to_be_visible()
    assert (await house.use(secret))[0] == 401
    await page.goto(f"/tokens/{handle(secret)}")
    await page.get_by_role("link", name="Resume").click()
    await page.get_by_role("button", name="Resume it").click()
    await expect(page.get_by_text("paused works again")).to_be_visible()
    assert (await house.use(secret))[0] == 200


@SCRIPTS
async def test_a_revoked_token_opens_nothing_any_more_when_the_page_says_so(tabs, house, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    secret = await make(page, "leaked")
    await page.goto(f"/tokens/{handle(secret)}")
    await page.get_by_role("link", name="Revoke").click()
    await page.get_by_role("link", name="Cancel").click()
    await expect(page.get_by_role("button", name="Revoke it for good")).to_have_count(0)
    assert (await house.use(secret))[0] == 200
    await page.get_by_role("link", name="Revoke").click()
    await page.get_by_role("button", name="Revoke it for good").click()
    await expect(page.get_by_text("leaked is revoked")).to_be_visible()
    assert (await house.use(secret))[0] == 401
    await expect(page.get_by_role("link", name="Edit")).to_have_count(0)
    for act in ("edit", "rotate", "suspend", "resume"):
        await page.goto(f"/tokens/{handle(secret)}/{act}")
        await expect(page).to_have_url(f"{SECURE}/tokens/{handle(secret)}")


async def test_with_javascript_the_question_is_a_dialog_that_the_keyboard_closes_again(tabs, house, person):
    made = await house.token(person, "asked")
    page = await tabs.tab(person)
    await page.goto(f"/tokens/{made.token.id}")
    url = page.url
    ask = page.get_by_role("link", name="Revoke")
    await ask.focus()
    await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Revoke this token?")
    await expect(dialog).to_be_visible()
    assert page.url == url
    assert await page.evaluate("document.activeElement.closest('dialog') !== null")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(ask).to_be_focused()
    assert (await house.use(made.whole.reveal()))[0] == 200


@SCRIPTS
async def test_what_is_wrong_is_said_beside_its_field_and_nothing_that_was_typed_is_lost(tabs, person, javascript):
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("half done")
    await page.get_by_role("checkbox", name="export").check()
    await page.locator("summary").click()
    await page.get_by_label("Only from these networks").fill("10.0.0.0/8\nnot a network")
    await page.get_by_role("radio", name="30 days").check()
    await page.get_by_role("button", name="Make the token").click()
    faults = page.get_by_role("alert")
    await expect(faults).to_be_visible()
    if javascript:
        await expect(faults).to_be_focused()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("half done")
    await expect(page.get_by_role("checkbox", name="export")).to_be_checked()
    await expect(page.get_by_role("radio", name="30 days")).to_be_checked()
    networks = page.get_by_label("Only from these networks")
    await expect(networks).to_be_visible()
    await expect(networks).to_have_value("10.0.0.0/8\nnot a network")
    await expect(networks).to_have_attribute("aria-invalid", "true")
    await faults.get_by_role("link").click()
    await expect(networks).to_be_focused()


async def test_a_name_is_given_once(tabs, house, person):
    await house.token(person, "taken")
    page = await tabs.tab(person)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("taken")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("button", name="Make the token").click()
    await expect(page.get_by_role("alert")).to_contain_text("live token of this name")


async def test_the_lines_to_paste_name_what_the_token_opens(tabs, house):
    person = await house.person(groups=["staff", "developers"])
    page = await tabs.tab(person)
    secret = await make(page, "for git", "pull", "push")
    lines = page.get_by_role("main")
    for host, route in ((GIT, "git-read"), (PACKAGES, "packages")):
        await expect(lines.get_by_text(host).filter(has_text=route).first).to_be_visible()
    await expect(lines.get_by_text("public", exact=True)).to_have_count(0)  # it opens to everybody
    texts = await lines.locator("details code, details pre").all_text_contents()
    assert any(text.startswith("curl ") for text in texts)
    assert all(secret in text for text in texts if "machine " in text)
    assert any("git credential approve" in text for text in texts)


async def test_somebody_without_the_permission_is_told_so_and_has_no_button(tabs, nobody):
    page = await tabs.tab(nobody)
    await page.goto("/")
    await expect(page.get_by_role("link", name=re.compile("token$", re.IGNORECASE))).to_have_count(0)
    await expect(page.get_by_role("main")).to_contain_text("help desk, phone 4711")
    answer = await page.goto("/tokens/new")
    assert answer is not None
    assert answer.status == 403


async def test_nobody_sees_or_touches_the_token_of_another(tabs, house, person):
    other = await house.person()
    made = await house.token(other, "theirs")
    page = await tabs.tab(person)
    for more in ("", "/edit", "/rotate", "/suspend", "/revoke"):
        answer = await page.goto(f"/tokens/{made.token.id}{more}")
        assert answer is not None
        assert answer.status == 404
        await expect(page.get_by_text("theirs")).to_have_count(0)
    assert (await house.use(made.whole.reveal()))[0] == 200


async def test_a_phone_makes_a_token_too(tabs, house, person):
    page = await tabs.tab(person, width=PHONE)
    secret = await make(page, "from a phone")
    assert (await house.use(secret))[0] == 200
    await expect(page.locator("#secret")).to_be_in_viewport()
