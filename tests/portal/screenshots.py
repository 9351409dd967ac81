"""`make screenshots`: every page in both themes, and on a phone, into docs/screenshots.

The same installation at the same moment every time, so that a picture changes when its page does. Names of scenes as
arguments make only those.
"""

import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.async_api import Browser, FloatRect

from tests.portal.harness.browser import DESK, MEND, PHONE, Tabs, binary, chromium
from tests.portal.harness.frozen import freeze
from tests.portal.harness.house import House
from tests.portal.harness.palette import write_small
from tests.portal.harness.sample import Sample, settle
from tests.portal.harness.scenes import SCENES, Scene
from tests.portal.harness.watch import Watch

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
AT = datetime(2026, 11, 24, 9, 41, tzinfo=UTC)  # a Tuesday
LOOKS = {"light": (DESK, False), "dark": (DESK, True), "phone": (PHONE, True)}
MAX_BYTES = 150_000
TALLEST = 2400  # px of a page that are shown
# Where operators have their configuration, in place of this temporary folder.
_ELSEWHERE = """(folder) => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(folder, "/etc/token-gateway");
}"""


async def main(names: list[str]) -> int:
    """Make them; 1 when a page did what no page may do, or a picture is too large."""
    if binary() is None:
        print(f"chromium is not installed ({MEND})", file=sys.stderr)
        return 2
    wanted = [scene for scene in SCENES if not names or scene.name in names]
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not names:
        for old in FOLDER.glob("*.png"):
            old.unlink()
    freeze(AT, "screenshots")
    with tempfile.TemporaryDirectory(prefix="token-gateway-screenshots-") as folder:
        house = await House.build(Path(folder), AT, ["tests.portal.harness.frozen", str(AT)])
        try:
            house.signs_in_once = True
            sample = await settle(house)
            async with chromium(house) as browser:
                trouble = [words for scene in wanted for words in await _shoot(browser, house, sample, scene)]
        finally:
            await house.close()
    print("\n".join(trouble) or f"{len(wanted) * len(LOOKS)} pictures in {FOLDER.name}")
    return 1 if trouble else 0


async def _shoot(browser: Browser, house: House, sample: Sample, scene: Scene) -> list[str]:
    """One page in all looks, opened once: what changes something would change it three times."""
    watch = Watch()
    tabs = Tabs(browser, house, watch)
    trouble = []
    try:
        blank = await tabs.tab()
        page = await scene.play(tabs, sample, now=AT)
        await page.evaluate(_ELSEWHERE, str(house.folder))
        for look, (width, is_dark) in LOOKS.items():
            await page.emulate_media(color_scheme="dark" if is_dark else "light", reduced_motion="reduce")
            await page.set_viewport_size({"width": width, "height": 800 if width == DESK else 740})
            path = FOLDER / f"{scene.name}-{look}.png"
            tall = await page.evaluate("document.documentElement.scrollHeight")
            clip = FloatRect(x=0, y=0, width=width, height=min(tall, TALLEST))
            png = await page.screenshot(full_page=True, clip=clip, animations="disabled", caret="hide")
            if (size := await write_small(blank, png, path)) > MAX_BYTES:
                trouble.append(f"{path.name} has {size} bytes")
    finally:
        await tabs.close()
    return [*trouble, *(f"{scene.name}: {words}" for words in watch.trouble)]


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
