"""Where somebody is signed in, seen and ended by themselves."""

from dataclasses import replace

import pytest
from playwright.async_api import expect

from tests.portal.harness.sample import FIREFOX, SAFARI
from tests.portal.harness.site import SECURE

SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])


@SCRIPTS
async def test_a_person_ends_the_session_of_a_lost_phone(tabs, person, javascript):
    phone = await tabs.tab(replace(person, user_agent=SAFARI, address="192.0.2.60"))
    await phone.goto("/")
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/sessions")
    rows = page.get_by_role("row").filter(has=page.get_by_role("button").or_(page.get_by_role("link")))
    await expect(rows).to_have_count(2)
    lost = rows.filter(has_text="192.0.2.60")
    await expect(lost).to_contain_text("iPhone")
    await lost.get_by_role("link", name="Sign out").or_(lost.get_by_role("button", name="Sign out")).click()
    await page.get_by_role("main").get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_text("You are signed out there.")).to_be_visible()
    await phone.goto("/")
    await expect(phone).to_have_url(f"{SECURE}/sign-in")
    await page.goto("/")
    await expect(page).to_have_url(f"{SECURE}/")


@SCRIPTS
async def test_everywhere_else_is_signed_out_and_here_not(tabs, person, javascript):
    others = [
        await tabs.tab(replace(person, user_agent=agent, address=address))
        for agent, address in ((SAFARI, "192.0.2.60"), (FIREFOX, "10.20.0.77"))
    ]
    page = await tabs.tab(person, javascript=javascript)
    await page.goto("/sessions/others")
    await page.get_by_role("button", name="Sign out everywhere else").click()
    await expect(page).to_have_url(f"{SECURE}/sessions")
    for other in others:
        await other.goto("/")
        await expect(other).to_have_url(f"{SECURE}/sign-in")
    await page.goto("/")
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()


async def test_nobody_ends_the_session_of_another(tabs, house, person):
    other = await house.person()
    theirs = await tabs.tab(other)
    (session,) = await house.desk.store.sessions(other.id)
    page = await tabs.tab(person)
    answer = await page.goto(f"/sessions/{session.id}/end")
    assert answer is not None
    assert answer.status == 404
    await theirs.goto("/")
    await expect(theirs).to_have_url(f"{SECURE}/")


async def test_another_password_ends_all_other_sessions_and_no_token(tabs, house, person):
    made = await house.token(person, "works on")
    other, page = await tabs.tab(person), await tabs.tab(person)
    await page.goto("/password")
    await page.get_by_label("Your password now").fill(person.password)
    await page.get_by_label("New password", exact=True).fill("quite another long password")
    await page.get_by_label("New password, again").fill("quite another long password")
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_text("Your password is changed")).to_be_visible()
    await other.goto("/")
    await expect(other).to_have_url(f"{SECURE}/sign-in")
    assert (await house.use(made.whole.reveal()))[0] == 200
