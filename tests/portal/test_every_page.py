"""Every page, in both themes and on a phone: nothing that axe-core objects to, no sideways scrolling, the headers."""

import re
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from gateway.core.token import handle
from gateway.web.portal.rows import PAGES
from tests.portal.harness.axe import violations
from tests.portal.harness.browser import PHONE
from tests.portal.harness.scenes import SCENES

FIRST = {one.page: one for one in reversed(SCENES)}  # of each row of the table, the first scene
EACH = pytest.mark.parametrize("scene", SCENES, ids=[one.name for one in SCENES])
EACH_ROW = pytest.mark.parametrize("scene", FIRST.values(), ids=[one.page or "not there" for one in FIRST.values()])
# Parts of a page that would have to be scrolled sideways by themselves.
WITHIN = """() => [...document.querySelectorAll("main *")].filter((one) => one.scrollWidth > one.clientWidth + 1
    && getComputedStyle(one).overflowX === "auto").map((one) => one.outerHTML.slice(0, 120))"""


async def too_wide(page: Page) -> list[str]:
    """What reaches beyond the right edge, so that one would have to scroll sideways."""
    found: list[str] = await page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
        [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5)
        .map((one) => one.outerHTML.slice(0, 120)).concat(["scrolls sideways"])"""
    )
    return found


def test_every_page_of_the_table_is_looked_at():
    assert {row.name for row in PAGES if row.show is not None} == set(FIRST) - {""}
    assert len({one.name for one in SCENES}) == len(SCENES)


@EACH
async def test_everybody_can_use_it_in_both_themes_and_on_a_phone(tabs, sample, scene):
    page = await scene.play(tabs, sample)
    assert not await too_wide(page)
    assert not await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await page.set_viewport_size({"width": PHONE, "height": 740})
    assert not await violations(page), "dark, on a phone"
    assert not await too_wide(page)


@EACH_ROW
async def test_it_works_without_javascript_and_scrolls_sideways_nowhere(tabs, sample, scene):
    page = await scene.play(tabs, sample, javascript=False, width=PHONE, dark=True)
    assert not await too_wide(page)
    await expect(page.locator("h1")).to_have_count(1)
    assert re.fullmatch(r".+ · Token Gateway", await page.title())


async def test_the_menu_of_a_phone_opens_over_the_page_and_closes_again(tabs, sample):
    page = await tabs.tab(sample.ada, width=PHONE, dark=True)
    await page.goto("/")
    menu = page.get_by_role("navigation", name="Pages")
    await expect(menu).to_be_hidden()
    await page.get_by_role("button", name="Menu").click()
    await expect(menu.get_by_role("link", name="My account")).to_be_visible()
    assert not await violations(page)
    assert not await too_wide(page)
    await page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


async def test_what_is_looked_for_would_be_found(page):
    await page.set_viewport_size({"width": PHONE, "height": 740})
    await page.set_content(
        """<!doctype html><title>x</title><main><p style="color:#ccc;width:500px">pale</p><input><img src="data:,">"""
    )
    rules = {one.partition(":")[0] for one in await violations(page)}
    assert rules >= {"color-contrast", "label", "image-alt", "html-has-lang"}
    assert await too_wide(page)


async def test_long_names_and_many_values_stay_within_a_phone(tabs, house, sample):
    login, word = f"{uuid4().hex}.{'w' * 31}", "w" * 80
    long = await house.person(login, name=word, email=f"{'e' * 60}@{'d' * 60}.example.org", organisations=[word[:64]])
    networks = [f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{n:x}" for n in range(20)]
    made = await house.token(
        long, word, "rest", "write", "export", "pull", "push", networks=networks, hosts=[f"{'h' * 60}.example.org"]
    )
    path = f"/tokens/{handle('tg', made.token.kind, made.token.id)}"
    mine = await tabs.tab(long, width=PHONE)
    for page in ("/", path, f"{path}/edit", f"{path}/rotate", f"{path}/revoke", f"{path}/reach"):
        await mine.goto(page)
        assert await mine.get_by_text(word).count(), page
        assert not await too_wide(mine), page
        assert not await mine.evaluate(WITHIN), page
    theirs = await tabs.look(sample.ada, width=PHONE)
    owner = f"/users/{long.id}"
    for page in (f"/tokens?owner={login}", f"/users?search={login}", owner, f"{owner}/edit", f"/audit?owner={login}"):
        await theirs.goto(page)
        assert await theirs.get_by_text(login).count() or await theirs.get_by_text(word).count(), page
        assert not await too_wide(theirs), page
        assert not await theirs.evaluate(WITHIN), page
