"""What no page of ours may ever do, looked for in everything that a test does in its browser.

Errors on the console, violations of the content security policy among them; scripts that fail; requests that fail or go
to another origin; answers of 5xx; and answers of 4xx to anything but a page. A test that provokes one of these says so
before: `watch.expects("net::ERR_ABORTED")`.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# What Chromium prints of an answer that `_answered` judges.
_STATUS = "Failed to load resource: the server responded with a status of"
_LOCAL = ("data:", "blob:", "about:")


class Watch:
    """Over all the browsers of one test. `trouble` is what was seen, in words."""

    def __init__(self) -> None:
        self._seen: list[str] = []
        self._expected: list[str] = []
        self._over: list[tuple[BrowserContext, str, Callable[..., None]]] = []
        self.requests: list[str] = []  # `POST https://gateway.example.org/tokens/new`, all there were

    @property
    def trouble(self) -> list[str]:
        """What was seen and not expected."""
        return [one for one in self._seen if not any(words in one for words in self._expected)]

    def expects(self, *words: str) -> None:
        """Trouble with these words in it is what the test is about."""
        self._expected.extend(words)

    def over(self, context: BrowserContext, *origins: str) -> None:
        """Watch this browser, which talks with these origins alone."""

        def asked(request: Request) -> None:
            self.requests.append(f"{request.method} {request.url}")
            if not request.url.startswith(_LOCAL) and _origin(request.url) not in origins:
                self._seen.append(f"asked another origin: {request.method} {request.url}")

        handlers: dict[str, Callable[..., None]] = {
            "request": asked,
            "response": self._answered,
            "requestfailed": self._failed,
            "console": self._said,
            "weberror": self._threw,
        }
        for event, handler in handlers.items():
            context.on(event, handler)  # type: ignore[call-overload]
            self._over.append((context, event, handler))

    def let_go(self) -> None:
        """Watch none of them any longer: another test has them next."""
        for context, event, handler in self._over:
            context.remove_listener(event, handler)
        self._over.clear()

    def _answered(self, response: Response) -> None:
        is_page = response.request.is_navigation_request()
        if response.status >= 500 or (response.status >= 400 and not is_page):
            self._seen.append(f"answered {response.status}: {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        if request.failure == "net::ERR_ABORTED" and request.url.endswith("/favicon.svg"):
            return  # asked for when all the rest is there, and dropped when the page is left before it came
        self._seen.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_STATUS):
            self._seen.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _threw(self, error: WebError) -> None:
        self._seen.append(f"a script failed: {error.error}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
