"""Where somebody is signed in is told by the browser's own name, not by all that it claims to be like."""

import pytest

from gateway.web.portal.browser import read_browser

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
MOBILE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name", "system"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140", "Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36", "Chrome 141", "Windows"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
            "Edge 141",
            "Windows",
        ),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {MOBILE} Version/18.1 Safari/605.1.15",
            "Safari 18",
            "macOS",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {MOBILE} Version/18.1 Mobile/15E148 Safari/604.1",
            "Safari 18",
            "iPhone",
        ),
        (
            f"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X) {MOBILE} CriOS/140.0 Mobile/1 Safari/604.1",
            "Chrome 140",
            "iPad",
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome 141", "Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 16002.0.0) {WEBKIT} Chrome/141.0.0.0 Safari/537.36", "Chrome 141", "ChromeOS"),
        ("curl/8.5.0", "curl 8", ""),
        ("Something of its own (Linux)", "", "Linux"),
        ("", "", ""),
    ],
)
def test_a_browser_is_known_by_its_name(user_agent, name, system):
    assert read_browser(user_agent) == (name, system)
