"""What axe-core finds against WCAG 2.2 AA on a page, in a browser whose policy stays as it is."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_OPTIONS = {
    "resultTypes": ["violations"],
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}


async def violations(page: Page) -> list[str]:
    """One line each: the rule, what it asks for, and the elements that break it."""
    found = await Axe().run(page, options=_OPTIONS)
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]} {[check['message'] for check in node['any']]}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]
