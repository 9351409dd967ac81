"""What a script adds to the pages: it says nothing of its own, and takes nothing away when it fails."""

import re
from secrets import token_hex

from playwright.async_api import expect

from tests.portal.harness.site import SECURE


async def test_a_list_follows_what_is_typed_and_so_does_its_address(tabs, house, admin):
    mark = token_hex(4)
    person, other = await house.person(name=f"{mark} one"), await house.person(name=f"{mark} other")
    page = await tabs.tab(admin)
    await page.goto(f"/users?search={mark}")
    await expect(page.get_by_role("link", name=person.login, exact=True)).to_be_visible()
    field = page.get_by_label("Login, name or address")
    await field.press("End")
    await field.press_sequentially(" other")
    await expect(page.get_by_role("link", name=person.login, exact=True)).to_be_hidden()
    await expect(page.get_by_role("link", name=other.login, exact=True)).to_be_visible()
    await expect(page).to_have_url(re.compile(rf"/users\?search={mark}\+other"))
    await expect(page.get_by_label("Login, name or address")).to_be_focused()
    await page.reload()
    await expect(page.get_by_role("link", name=person.login, exact=True)).to_be_hidden()


async def test_a_filter_with_a_field_called_action_follows_too(tabs, admin):
    """`form.action` is then that field, and no address."""
    page = await tabs.tab(admin)
    await page.goto("/audit")
    await page.get_by_label("What", exact=True).select_option("signed_in")
    await expect(page).to_have_url(re.compile(r"/audit\?action=signed_in$"))


async def test_a_filter_that_is_half_typed_changes_nothing_until_it_is_one(tabs, house, person, watch):
    watch.expects("answered 422", "answered 400")
    made = await house.token(person, "half typed")
    page = await tabs.tab(person)
    await page.goto(f"/tokens/{made.token.id}/reach")
    before = await page.locator("#routes").inner_text()
    field = page.get_by_label("From this address")
    async with page.expect_response(re.compile("address=10.20$")) as answer:
        await field.fill("10.20")
    assert (await answer.value).status in {400, 422}
    await expect(field).to_be_focused()
    assert await page.locator("#routes").inner_text() == before
    await field.fill("10.20.0.7")
    await expect(page.locator("#routes")).to_contain_text("10.20.0.7")


async def test_whoever_was_signed_out_meanwhile_is_led_to_the_sign_in(tabs, admin):
    page = await tabs.tab(admin)
    await page.goto("/users")
    await page.context.clear_cookies()
    await page.get_by_label("Login, name or address").fill("ada")
    await expect(page).to_have_url(re.compile(r"/sign-in\?to=%2Fusers%3Fsearch%3Dada$"))


async def test_times_go_on_while_one_looks(tabs, person):
    page = await tabs.tab(person, is_new=True)
    await page.clock.install()
    await page.goto("/sessions")
    since = page.get_by_role("row").nth(1).get_by_role("cell").nth(2)
    await expect(since).to_contain_text("just now")
    await page.clock.fast_forward("10:00")
    await expect(since).to_contain_text("10 minutes ago")
    await page.clock.fast_forward("03:00:00")
    await expect(since).to_contain_text("3 hours ago")


async def test_a_new_token_is_copied_whole_and_the_button_says_so(tabs, person):
    page = await tabs.tab(person)
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SECURE)
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("copied")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("button", name="Make the token").click()
    button = page.get_by_role("button", name="Copy the token")
    await button.click()
    await expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    assert await page.evaluate("navigator.clipboard.readText()") == await page.locator("#secret").inner_text()
    await expect(button).to_be_visible()


async def test_without_a_clipboard_the_token_is_selected_to_be_copied_by_hand(tabs, person):
    page = await tabs.tab(person)
    await page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    await page.goto("/tokens/new")
    await page.get_by_label("Name", exact=True).fill("by hand")
    await page.get_by_role("checkbox", name="rest").check()
    await page.get_by_role("button", name="Make the token").click()
    await page.get_by_role("button", name="Copy the token").click()
    await expect(page.get_by_role("button", name="Press Ctrl+C", exact=True)).to_be_visible()
    assert await page.evaluate("getSelection().toString()") == await page.locator("#secret").inner_text()


async def test_all_of_a_list_are_chosen_at_once_and_let_go_again(tabs, house, admin, person):
    for name in ("one", "two", "three"):
        await house.token(person, name)
    page = await tabs.tab(admin)
    await page.goto(f"/tokens?owner={person.login}")
    boxes = page.get_by_role("checkbox", name=re.compile("^Choose "))
    await expect(boxes).to_have_count(3)
    await boxes.first.check()
    for chosen in (3, 0):
        await page.get_by_role("button", name="Choose all, or none").click()
        await expect(page.locator("input[name=token]:checked")).to_have_count(chosen)
