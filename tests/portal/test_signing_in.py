"""Signing in and out in a browser: what people see, and what the cookie is."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.attacks.corpus import attack
from tests.portal.harness.browser import cookies
from tests.portal.harness.people import Person
from tests.portal.harness.site import SECURE

SESSION = "__Host-token-gateway"
SCRIPTS = pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
WAYS = pytest.mark.parametrize("is_behind_proxy", [True, False], ids=["behind the proxy", "directly"])


async def sign_in(page: Page, person: Person, password: str = "") -> None:
    """Type both and press the button, as people do."""
    await page.get_by_label("Login").fill(person.login)
    await page.get_by_label("Password").fill(password or person.password)
    await page.get_by_role("button", name="Sign in").click()


@SCRIPTS
@WAYS
async def test_people_sign_in_see_their_account_and_sign_out(tabs, house, person, javascript, is_behind_proxy):
    origin = SECURE if is_behind_proxy else house.plain
    page = await tabs.tab(origin=origin, javascript=javascript)
    await page.goto("/")
    await expect(page).to_have_url(f"{origin}/sign-in")
    await sign_in(page, person)
    await expect(page).to_have_url(f"{origin}/")
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
    for words in (person.login, person.email, "example-ltd", "staff"):
        await expect(page.get_by_role("main").get_by_text(words, exact=True).first).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page).to_have_url(f"{origin}/sign-in")
    assert not await cookies(page.context, origin)
    await page.goto("/tokens/new")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_signing_out_leaves_nothing_that_the_back_button_could_show(tabs, person):
    page = await tabs.tab(person)
    await page.goto("/")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(page.get_by_text(person.email)).to_have_count(0)


@SCRIPTS
async def test_a_wrong_password_is_said_keeps_the_login_and_signs_nobody_in(tabs, house, person, javascript):
    page = await tabs.tab(javascript=javascript)
    await page.goto("/sign-in")
    await sign_in(page, person, "quite another password")
    await expect(page.get_by_role("alert")).to_contain_text("Login or password is wrong")
    await expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    await expect(page.get_by_label("Login")).to_have_value(person.login)
    await expect(page.get_by_label("Password")).to_have_value("")
    assert not await cookies(page.context, SECURE)
    await sign_in(page, person)
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()


async def test_an_unknown_login_is_answered_as_a_wrong_password(tabs, house, person):
    said = []
    for login in (person.login, "nobody-of-this-name"):
        page = await tabs.tab()
        await page.goto("/sign-in")
        await page.get_by_label("Login").fill(login)
        await page.get_by_label("Password").fill("quite another password")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        said.append((await page.get_by_role("main").inner_html()).replace(login, "LOGIN"))
    without_mark = {re.sub(r'name="once" value="[^"]+"', "", html) for html in said}
    assert len(without_mark) == 1


@WAYS
async def test_the_session_s_cookie_is_bound_to_this_host_and_out_of_reach_of_scripts(
    tabs, house, person, is_behind_proxy
):
    origin = SECURE if is_behind_proxy else house.plain
    page = await tabs.tab(origin=origin)
    await page.goto("/sign-in")
    await sign_in(page, person)
    await expect(page).to_have_url(f"{origin}/")
    found = await cookies(page.context, origin)
    name = SESSION if is_behind_proxy else "token-gateway"
    assert list(found) == [name]
    cookie = found[name]
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, is_behind_proxy, "Lax")
    assert (cookie["path"], cookie["expires"]) == ("/", -1)
    assert cookie["domain"] == origin.partition("//")[2].partition(":")[0]
    assert await page.evaluate("document.cookie") == ""


async def test_each_sign_in_begins_another_session_and_ends_the_one_that_the_browser_had(tabs, house, person, admin):
    page = await tabs.tab(person)
    await page.goto("/")
    before = (await cookies(page.context, SECURE))[SESSION]["value"]
    planted = await tabs.tab()
    await planted.context.add_cookies(
        [{"name": SESSION, "value": str(before), "url": SECURE, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
    )
    await planted.goto("/sign-in")
    await expect(planted).to_have_url(f"{SECURE}/")  # whoever is signed in goes on
    await planted.context.clear_cookies()
    await planted.goto("/sign-in")
    # The form was opened before somebody planted a session of theirs; signing in must not take it over.
    await planted.context.add_cookies(
        [{"name": SESSION, "value": str(before), "url": SECURE, "secure": True, "httpOnly": True, "sameSite": "Lax"}]
    )
    await sign_in(planted, person)
    await expect(planted).to_have_url(f"{SECURE}/")
    after = (await cookies(planted.context, SECURE))[SESSION]["value"]
    assert after != before
    await page.goto("/")
    await expect(page).to_have_url(f"{SECURE}/sign-in")


@SCRIPTS
async def test_an_initial_password_opens_nothing_but_the_choice_of_another(tabs, house, javascript):
    person = await house.person(must_change=True)
    page = await tabs.tab(javascript=javascript)
    await page.goto("/tokens/new")
    await sign_in(page, person)
    await expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    for path in ("/", "/tokens/new"):
        await page.goto(path)
        await expect(page).to_have_url(f"{SECURE}/password")
    given, new, again = (
        page.get_by_label(label, exact=True)
        for label in ("The password that you were given", "New password", "New password, again")
    )
    await given.fill(person.password)
    await new.fill("short")
    await again.fill("short")
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_role("alert")).to_contain_text("password")
    await expect(new).to_have_value("")
    await given.fill(person.password)
    await new.fill("four unusual words together")
    await again.fill("four unusual words together")
    before = await cookies(page.context, SECURE)
    await page.get_by_role("button", name="Save the password").click()
    await expect(page.get_by_text("Your password is changed")).to_be_visible()
    await expect(page.get_by_role("heading", name="My account", level=1)).to_be_visible()
    assert (await cookies(page.context, SECURE))[SESSION]["value"] != before[SESSION]["value"]
    await page.goto("/tokens/new")
    await expect(page.get_by_role("heading", name="New token")).to_be_visible()


async def test_after_the_sign_in_people_are_where_they_wanted_to_be(page, person):
    await page.goto("/password")
    await sign_in(page, person)
    await expect(page).to_have_url(f"{SECURE}/password")


@pytest.mark.parametrize(
    "to",
    [
        "//elsewhere.example.org/",
        "/\\elsewhere.example.org",
        "/%09/elsewhere.example.org",
        "\t//elsewhere.example.org",
        "javascript:alert(1)",
        "https:elsewhere.example.org",
    ],
)
@attack("M04")
async def test_no_return_address_leads_away_from_the_portal(tabs, person, to):
    """What browsers read in another way than servers do; tests/attacks has the long list, for plain clients."""
    page = await tabs.tab()
    await page.goto("/")
    await page.evaluate("to => { location.href = '/sign-in?' + new URLSearchParams({ to }) }", to)
    await page.wait_for_url("**/sign-in?*")
    await page.eval_on_selector("[name=to]", "(field, to) => { field.value = to }", to)  # and in the form itself
    await sign_in(page, person)
    await expect(page).to_have_url(f"{SECURE}/")
    await page.goto("/password")
    await expect(page.get_by_role("heading", name="Change your password")).to_be_visible()


async def test_plain_http_is_said_to_be_for_this_machine_only(tabs, house):
    page = await tabs.tab(origin=house.plain)
    await page.goto("/sign-in")
    await expect(page.get_by_text("This address has no TLS")).to_be_visible()
    behind = await tabs.tab()
    await behind.goto("/sign-in")
    await expect(behind.get_by_text("This address has no TLS")).to_have_count(0)
