"""The portal in a real Chromium: how to write a test here.

A test is a coroutine, and gets by name what it needs:

    async def test_a_person_sees_their_own_tokens(tabs, person, house):
        await house.token(person, "laptop")
        page = await tabs.tab(person)
        await page.goto("/")
        await expect(page.get_by_text("laptop")).to_be_visible()

- `house`    the installation: gateway, Caddy with TLS, guarded apps. `await house.person(groups=...)`,
             `house.token(...)`, `house.use(token)` for a real request through the check, `house.desk` for use cases.
- `person`, `admin`, `nobody`    fresh each: with tokens of their own (group staff), with every permission, with none.
- `tabs`     `await tabs.tab(person)` is a page in a browser of its own, signed in; `javascript=False`, `dark=True`,
             `width=PHONE`, `origin=house.plain` for the portal without its proxy; `is_new=True` for a browser that
             never saw our files. `await tabs.look(sample.alice)` is cheaper, for tests that only look.
- `page`     the same, signed in as nobody, behind the proxy.
- `watch`    fails the test for console errors, violations of the policy, failed requests, requests to other origins and
             5xx; `watch.expects("...")` first, where that is what the test provokes.
- `sample`   people, applications and tokens in every state, made once, for tests that only look. They change nothing.

Each test makes its own people and tokens: nothing is left over, order does not matter, two processes share the tests.
An async fixture says `@pytest_asyncio.fixture(loop_scope="session")`: the browser lives in the session's loop.
Look for things as people do: `get_by_role("button", name="Revoke")`, `get_by_label("Name")`, `get_by_text(...)`.
"""

import inspect
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.portal.harness.browser import MEND, PATIENCE_MS, Spare, Tabs, binary, chromium
from tests.portal.harness.house import House
from tests.portal.harness.people import Person
from tests.portal.harness.sample import Sample, settle
from tests.portal.harness.watch import Watch

HERE = Path(__file__).parent
HOUSE, TABS = pytest.StashKey[House](), pytest.StashKey[Tabs]()
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All in one loop; without a Chromium none, which CI takes for a failure."""
    missing = binary() is None and os.environ.get("CI") != "true"
    for item in items:
        if HERE in item.path.parents:
            if inspect.iscoroutinefunction(getattr(item, "function", None)):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"chromium is not installed ({MEND})"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """A failed test shows where its pages were, and the end of the gateway's log."""
    report: pytest.TestReport = yield
    if report.failed and HERE in item.path.parents:
        if (house := item.config.stash.get(HOUSE, None)) is not None:
            report.sections.append(("log of the gateway", house.gateway.tail(20)))
        if (tabs := item.stash.get(TABS, None)) is not None:
            report.sections.append(("pages", "\n".join(page.url for page in tabs.open)))
    return report


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The installation, served."""
    if binary() is None:
        pytest.fail(f"chromium is not installed ({MEND})")
    made = await House.build(tmp_path_factory.mktemp("portal"))
    request.config.stash[HOUSE] = made
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(house: House) -> AsyncIterator[Browser]:
    """The one Chromium."""
    async with chromium(house) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def sample(house: House) -> Sample:
    """Much to look at."""
    return await settle(house)


@pytest.fixture(scope="session")
def spare() -> Spare:
    """What one test leaves for the next, as making it is dear."""
    return Spare()


@pytest.fixture
def watch() -> Watch:
    """What the browsers of this test may not do."""
    return Watch()


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(
    request: pytest.FixtureRequest, browser: Browser, house: House, watch: Watch, spare: Spare
) -> AsyncIterator[Tabs]:
    """Pages for this test. Whatever they did that no page may do fails it."""
    made = Tabs(browser, house, watch, spare)
    request.node.stash[TABS] = made
    yield made
    await made.close()
    assert not watch.trouble, "\n".join(watch.trouble)


@pytest_asyncio.fixture(loop_scope="session")
async def page(tabs: Tabs) -> Page:
    """A page behind the proxy, signed in as nobody."""
    return await tabs.tab()


@pytest_asyncio.fixture(loop_scope="session")
async def person(house: House) -> Person:
    """Somebody who makes tokens of their own."""
    return await house.person(name="Robin Example", email="robin@example.org", organisations=["example-ltd"])


@pytest_asyncio.fixture(loop_scope="session")
async def admin(house: House) -> Person:
    """Somebody with every permission."""
    return await house.person(groups=["staff", "admins"], name="Ada Example", email="ada@example.org")


@pytest_asyncio.fixture(loop_scope="session")
async def nobody(house: House) -> Person:
    """Somebody who can sign in, and has no permission at all."""
    return await house.person(groups=[], name="Nils Example")
