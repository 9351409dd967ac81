"""Paths as logs may show them. The query is never logged; a client can put a secret into the path all the same."""

import re

_TOKEN = re.compile(r"([a-z]{2}[ap]_[0-9A-Za-z]{11}_)[0-9A-Za-z]+")
_RT_TOKEN = re.compile(r"\b([0-9]+-[0-9]+-)[0-9A-Fa-f]{32}")
_PARAMETERS = re.compile(r"(;|#|%3[BFbf]|%23)[^/]+")


def redacted(path: str) -> str:
    """The path without what looks like a token, and without the parameters that somebody wrote into it."""
    return _PARAMETERS.sub(r"\1***", _RT_TOKEN.sub(r"\1***", _TOKEN.sub(r"\1***", path)))
