"""Debian's Chromium, driven by Playwright: one process for all, a context of its own for each tab that is open.

A new context costs a second of a processor, so what a test has closed the next one gets: without its cookies and its
pages, and with the files that a browser keeps. Who only looks gets a whole page again, signed in as before.

Names resolve to the house's Caddy and to nothing else, so no request leaves this machine, whatever a page asks for.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.portal.harness.house import House
from tests.portal.harness.people import Person
from tests.portal.harness.site import APPS, PORTAL, SECURE
from tests.portal.harness.watch import Watch

MEND = "make deps-system, as root"
FONTS = Path(__file__).with_name("fonts.conf")
# The key of tests/tls/portal.pem is believed, and every other certificate is judged as always:
#   openssl x509 -in portal.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum    (this, in base64)
BELIEVED = "AEYAlQEwM1O74w6LhnNybqmRWFzmbeHc0oLjGUaHcyw="
DESK, PHONE = 1280, 360  # px
PATIENCE_MS = 15_000  # for one thing on a page: generous, machines are shared


def binary() -> str | None:
    """Where Chromium is; None when it is not installed."""
    return shutil.which("chromium")


@asynccontextmanager
async def chromium(house: House) -> AsyncIterator[Browser]:
    """A running Chromium that finds the house's sites."""
    places = ", ".join(f"MAP {name}:443 127.0.0.1:{house.tls_port}" for name in (PORTAL, *APPS))
    args = [
        "--headless=new",
        "--disable-gpu",
        "--disable-quic",
        "--process-per-site",
        "--disable-extensions",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--host-resolver-rules={places}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        f"--ignore-certificate-errors-spki-list={BELIEVED}",
    ]
    if os.geteuid() == 0:
        args.append("--no-sandbox")  # Chromium asks for it
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=binary(),
            args=args,
            ignore_default_args=["--disable-back-forward-cache"],  # people's browsers keep pages for the back button
            env={**os.environ, "FONTCONFIG_FILE": str(FONTS)},
        )
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(slots=True)
class Spare:
    """What is kept from one test to the next: contexts by (origin, JavaScript), each with the page that keeps its
    process alive, and the pages of who only looks, by (login, JavaScript).
    """

    contexts: dict[tuple[str, bool], list[BrowserContext]] = field(default_factory=dict)
    lookers: dict[tuple[str, bool], Page] = field(default_factory=dict)


class Tabs:
    """What a test opens pages with. All of them are watched by `watch`, and closed when the test ends."""

    def __init__(self, browser: Browser, house: House, watch: Watch, spare: Spare | None = None) -> None:
        self._browser = browser
        self._house = house
        self._spare = Spare() if spare is None else spare
        self._borrowed: list[tuple[tuple[str, bool], BrowserContext]] = []
        self._own: list[BrowserContext] = []
        self.watch = watch
        self.open: list[Page] = []

    async def tab(
        self,
        person: Person | None = None,
        *,
        origin: str = SECURE,
        javascript: bool = True,
        dark: bool = False,
        width: int = DESK,
        address: str = "198.51.100.250",
        language: str = "en-US",
        now: datetime | None = None,
        is_new: bool = False,
    ) -> Page:
        """An empty page in a browser of its own, signed in as the person, if any: `await page.goto("/tokens")`.

        `is_new`: one that never saw our files, for tests of its store, its clock or its language.
        """
        key = (origin, javascript)
        if is_new or now is not None or language != "en-US":
            context = await self._context(key, language)
            self._own.append(context)
        else:
            kept = self._spare.contexts.setdefault(key, [])
            if not kept:
                kept.append(await self._context(key, language))
                await (await kept[0].new_page()).goto("/sign-in")  # it stays: the process of its site lives with it
            context = kept.pop()
            self._borrowed.append((key, context))
        # The balancer before the proxy: each person stands at an address of their own.
        await context.set_extra_http_headers({"X-Forwarded-For": address if person is None else person.address})
        if person is not None:
            await context.add_cookies([await self._house.cookie(person, origin)])  # type: ignore[list-item]
        if now is not None:
            await context.clock.set_fixed_time(now)
        self.watch.over(context, origin)
        return await self._shown(await context.new_page(), width, dark)

    async def look(self, person: Person, *, javascript: bool = True, dark: bool = False, width: int = DESK) -> Page:
        """A page of somebody of the sample, who changes nothing: the one that was looked at before."""
        key = (person.login, javascript)
        if key not in self._spare.lookers:
            context = await self._context((SECURE, javascript), "en-US")
            await context.set_extra_http_headers({"X-Forwarded-For": person.address})
            await context.add_cookies([await self._house.lasting_cookie(person)])  # type: ignore[list-item]
            self._spare.lookers[key] = await context.new_page()
        page = self._spare.lookers[key]
        self.watch.over(page.context, SECURE)
        return await self._shown(page, width, dark)

    async def close(self) -> None:
        """Close what was opened; what is fit for another test is kept for it."""
        self.watch.let_go()
        for context in self._own:
            await context.close()
        for key, context in self._borrowed:
            await context.clear_cookies()
            for page in context.pages[1:]:
                await page.close()
            self._spare.contexts[key].append(context)

    async def _context(self, key: tuple[str, bool], language: str) -> BrowserContext:
        origin, javascript = key
        context = await self._browser.new_context(
            base_url=origin,
            java_script_enabled=javascript,
            locale=language,
            timezone_id="UTC",
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        return context

    async def _shown(self, page: Page, width: int, dark: bool) -> Page:
        await page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
        await page.set_viewport_size({"width": width, "height": 800 if width >= 600 else 740})
        self.open.append(page)
        return page


async def cookies(context: BrowserContext, origin: str) -> dict[str, dict[str, object]]:
    """The cookies that the browser would send there, by name."""
    return {one["name"]: dict(one) for one in await context.cookies(origin)}
