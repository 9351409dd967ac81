"""The harness itself: what it must notice, and that its pieces fit."""

from datetime import timedelta

import pytest
from playwright.async_api import Error

from tests.portal.harness.browser import cookies
from tests.portal.harness.sample import WORK
from tests.portal.harness.site import APP, SECURE


async def test_a_real_request_passes_the_proxy_and_the_check(house, person):
    made = await house.token(person, "probe", "rest")
    assert await house.use(made.whole.reveal()) == (200, f"{APP} was told {person.login}")
    assert (await house.use(None))[0] == 401
    assert (await house.use(made.whole.reveal(), method="POST"))[0] == 403


@pytest.mark.parametrize("is_behind_proxy", [True, False], ids=["behind the proxy", "directly"])
async def test_a_signed_in_tab_has_the_session(tabs, house, person, is_behind_proxy):
    origin = SECURE if is_behind_proxy else house.plain
    page = await tabs.tab(person, origin=origin)
    answer = await page.goto("/api/v1/session")
    assert answer is not None
    found = await answer.json()
    assert (answer.status, found["login"], found["address"]) == (200, person.login, person.address)
    assert list(await cookies(page.context, origin)) == ["__Host-token-gateway" if is_behind_proxy else "token-gateway"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("console.error('oh no')", "console error: oh no"),
        ("setTimeout(() => { throw new Error('broken') })", "a script failed: broken"),
        ("void fetch('/nothing')", "answered 403: GET"),
        ("void fetch('http://127.0.0.1:1/').catch(() => {})", "asked another origin"),
        ("void fetch('http://127.0.0.1:1/').catch(() => {})", "failed: GET http://127.0.0.1:1/"),
    ],
    ids=["console", "exception", "missing file", "another origin", "failed request"],
)
async def test_what_no_page_may_do_is_noticed(tabs, watch, script, words):
    page = await tabs.tab(origin=f"https://{APP}")
    await page.goto("/public/page")
    assert not watch.trouble
    await page.evaluate(script)
    for _ in range(100):
        if any(words in one for one in watch.trouble):
            break
        await page.wait_for_timeout(20)
    assert any(words in one for one in watch.trouble), watch.trouble
    watch.expects("console error", "a script failed", "answered 403", "asked another origin", "failed: GET")


async def test_a_name_that_is_none_of_ours_leads_nowhere(page, watch):
    watch.expects("asked another origin", "failed: GET")
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        await page.goto("https://elsewhere.example.org/")


async def test_the_sample_has_a_history(house, sample):
    today = house.clock().date()
    found = await house.desk.store.usage_by_day(sample.tokens["laptop"].token.id, since=today - timedelta(days=40))
    assert sum(found.values()) == sum(WORK)
    assert (today - min(found)).days == len(WORK) - 1
    expired = await house.desk.store.token(sample.tokens["old phone"].token.id)
    assert expired is not None
    assert expired.token.created_at < expired.token.expires_at < house.clock()
