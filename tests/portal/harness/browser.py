"""Debian's Chromium, driven by Playwright: one process for all, a fresh context (cookies, cache) for each tab.

Names resolve to the house's Caddy and to nothing else, so no request leaves this machine, whatever a page asks for.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


class Tabs:
    """What a test opens pages with. All of them are watched by `watch`, and closed when the test ends."""

    def __init__(self, browser: Browser, house: House, watch: Watch) -> None:
        self._browser = browser
        self._house = house
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
    ) -> Page:
        """An empty page in a browser of its own, signed in as the person, if any: `await page.goto("/tokens")`."""
        context = await self._browser.new_context(
            base_url=origin,
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            viewport={"width": width, "height": 800 if width >= 600 else 740},
            locale=language,
            timezone_id="UTC",
            # The balancer before the proxy: each person stands at an address of their own.
            extra_http_headers={"X-Forwarded-For": address if person is None else person.address},
            permissions=["clipboard-read", "clipboard-write"],
        )
        context.set_default_timeout(PATIENCE_MS)
        if person is not None:
            await context.add_cookies([await self._house.cookie(person, origin)])  # type: ignore[list-item]
        if now is not None:
            await context.clock.set_fixed_time(now)
        self.watch.over(context, origin)
        page = await context.new_page()
        self.open.append(page)
        return page

    async def close(self) -> None:
        """Close them all."""
        for context in {page.context for page in self.open}:
            await context.close()


async def cookies(context: BrowserContext, origin: str) -> dict[str, dict[str, object]]:
    """The cookies that the browser would send there, by name."""
    return {one["name"]: dict(one) for one in await context.cookies(origin)}
