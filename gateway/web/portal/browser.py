"""What a browser calls itself, made short: for people who look where they are signed in. Nothing is decided by it."""

from re import compile as pattern
from typing import NamedTuple

# The first that is found counts: most browsers also name the one that they were made from.
_BROWSERS = tuple(
    (name, pattern(found))
    for name, found in (
        ("Edge", r"\bEdg(?:e|A|iOS)?/(\d{1,4})"),
        ("Opera", r"\bOPR/(\d{1,4})"),
        ("Samsung Internet", r"\bSamsungBrowser/(\d{1,4})"),
        ("Firefox", r"\b(?:Firefox|FxiOS)/(\d{1,4})"),
        ("Chrome", r"\b(?:HeadlessChrome|Chrome|CriOS)/(\d{1,4})"),
        ("Safari", r"\bVersion/(\d{1,4})[\d.]* (?:Mobile/\w+ )?Safari/"),
        ("curl", r"^curl/(\d{1,4})"),
    )
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)


class Browser(NamedTuple):
    """`name` with its version, and what it runs on; empty where it does not say so in a way that is known here."""

    name: str
    system: str


def read_browser(user_agent: str) -> Browser:
    """The browser of a User-Agent header."""
    found = ((name, one.search(user_agent)) for name, one in _BROWSERS)
    name = next((f"{name} {one[1]}" for name, one in found if one is not None), "")
    return Browser(name, next((system for word, system in _SYSTEMS if word in user_agent), ""))
