"""Paths as logs may show them. The query is never logged; a client can put a secret into the path all the same."""

import re

# What looks like a token, so that neither an escape nor a slip in the public part lets the rest be seen.
_LETTER, _BETWEEN = r"(?:[0-9A-Za-z]|%[0-9A-Fa-f]{2})", r"(?:_|%5[Ff])"
_TOKEN = re.compile(rf"({_LETTER}{{3}}{_BETWEEN}{_LETTER}{{1,16}}?{_BETWEEN}){_LETTER}{{12,}}")
_TWICE = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")
_RT_TOKEN = re.compile(r"\b([0-9]+-[0-9]+-)[0-9A-Fa-f]{32}")
_PARAMETERS = re.compile(r"(;|#|%3[BFbf]|%23)[^/]+")


def redacted(path: str) -> str:
    """The path without what looks like a token, and without the parameters that somebody wrote into it."""
    if "%25" in path:
        once = _TWICE.sub("%", path)  # escapes of escapes, as they would be read
        if _TOKEN.search(once):
            path = once
    return _PARAMETERS.sub(r"\1***", _RT_TOKEN.sub(r"\1***", _TOKEN.sub(r"\1***", path)))
