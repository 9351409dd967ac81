"""Managing people in a browser: adding one, handing over a password, stopping one, finding one among many."""

import re

import pytest
from playwright.async_api import expect

from tests.portal.harness.site import SECURE

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
OWN = "an own and quite long phrase"


@SCRIPTS
async def test_a_person_is_added_gets_a_password_once_and_chooses_their_own(tabs, admin, javascript):
    login = f"new-{'js' if javascript else 'plain'}"
    page = await tabs.tab(admin, javascript=javascript)
    await page.goto("/users")
    await page.get_by_role("link", name="New user").click()
    await page.get_by_label("Login").fill(login)
    await page.get_by_role("textbox", name="Name (optional)").fill("Newcomer <i>")
    await page.get_by_role("checkbox", name=re.compile("^staff")).check()
    await page.get_by_role("button", name="Add the user").click()
    await expect(page.get_by_role("status").filter(has_text=f"{login} is added")).to_be_visible()
    await page.get_by_role("button", name="Give it").click()
    password = await page.locator("#secret").inner_text()
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", password)
    await page.get_by_role("link", name="I have kept it").click()
    await expect(page.get_by_role("heading", name="Newcomer <i>", level=1)).to_be_visible()
    if javascript:  # without, browsers ask whether to send the form again, which gives no second password
        await page.go_back()
        await expect(page.get_by_role("button", name="Give it")).to_be_visible()
    await expect(page.get_by_text(password)).to_have_count(0)

    theirs = await tabs.tab(javascript=javascript)
    await theirs.goto("/sign-in")
    await theirs.get_by_label("Login").fill(login)
    await theirs.get_by_label("Password").fill(password)
    await theirs.get_by_role("button", name="Sign in").click()
    await theirs.get_by_label("The password that you were given").fill(password)
    await theirs.get_by_label("New password", exact=True).fill(OWN)
    await theirs.get_by_label("New password, again").fill(OWN)
    await theirs.get_by_role("button", name="Save the password").click()
    await expect(theirs.get_by_role("heading", name="My account", level=1)).to_be_visible()
    await theirs.goto("/users")
    await expect(theirs.get_by_role("heading", name="You may not see this")).to_be_visible()


@SCRIPTS
async def test_disabling_asks_first_and_signs_the_person_out(tabs, house, admin, person, javascript):
    owner = (await house.desk.store.owner(login=person.login)).owner
    theirs = await tabs.tab(person, javascript=javascript)
    await theirs.goto("/sessions")
    page = await tabs.tab(admin, javascript=javascript)
    await page.goto(f"/users/{owner.id}")
    await page.get_by_role("link", name="Disable").click()
    await expect(page.get_by_role("heading", name=f"Disable {person.login}?")).to_be_visible()
    if javascript:
        assert page.url == f"{SECURE}/users/{owner.id}"  # asked in place
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("link", name="Disable")).to_be_focused()
        await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Disable").click()
    await expect(page.get_by_text(f"{person.login} is disabled")).to_be_visible()
    await expect(page.get_by_text("Disabled: nobody signs in as them")).to_be_visible()
    await theirs.reload()
    await expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()


@SCRIPTS
async def test_a_list_is_narrowed_as_one_types_or_by_the_button(tabs, house, admin, javascript):
    first = "Zoe" if javascript else "Zita"
    for name in (f"{first} Quist", f"{first}ran Quill"):
        await house.person(name=name)
    page = await tabs.tab(admin, javascript=javascript)
    await page.goto("/users")
    await page.get_by_label("Login, name or address").fill(f"{first.lower()} qui")
    if not javascript:
        await page.get_by_role("button", name="Show").click()
    listed = page.get_by_role("main").get_by_role("row")
    await expect(listed).to_have_count(2)  # the head, and one
    await expect(page.get_by_text(f"{first} Quist")).to_be_visible()
    await expect(page).to_have_url(re.compile(rf"/users\?search={first.lower()}(\+|%20)qui"))
    await page.get_by_label("Login, name or address").fill("nobody at all")
    if not javascript:
        await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_text("No user passes all of these filters.")).to_be_visible()


async def test_groups_are_set_with_the_keyboard_alone(tabs, house, admin, person):
    owner = (await house.desk.store.owner(login=person.login)).owner
    page = await tabs.tab(admin)
    await page.goto(f"/users/{owner.id}/groups")
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.value") == "developers":
            break
    await page.keyboard.press("Space")
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("The groups are set.")).to_be_visible()
    assert "developers" in (await house.desk.store.owner(login=person.login)).owner.groups


async def test_a_session_of_ones_own_elsewhere_is_ended(tabs, person):
    here, there = await tabs.tab(person), await tabs.tab(person)
    await there.goto("/")
    await here.goto("/sessions")
    await here.get_by_role("link", name="Sign out everywhere else").click()
    await here.get_by_role("dialog").get_by_role("button", name="Sign out everywhere else").click()
    await expect(here.get_by_text("You are signed out of 1 other session.")).to_be_visible()
    await there.reload()
    await expect(there.get_by_role("heading", name="Sign in")).to_be_visible()
