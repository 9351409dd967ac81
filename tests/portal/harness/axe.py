"""What axe-core finds against WCAG 2.2 AA on a page, in a browser whose policy stays as it is."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

# Half a megabyte, read by the browser once a page: in another theme the same page is judged again.
_THERE = "() => 'axe' in window"
_JUDGE = "async (options) => (await axe.run(document, options)).violations"
_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}


async def violations(page: Page) -> list[str]:
    """One line each: the rule, what it asks for, and the elements that break it."""
    if not await page.evaluate(_THERE):
        await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate(_JUDGE, _OPTIONS)
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {[check['message'] for check in node['any']]}"
        for one in found
        for node in one["nodes"]
    ]
