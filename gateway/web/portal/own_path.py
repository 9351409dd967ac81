"""Addresses to go on to after signing in: paths of the portal's own, and nothing else (corpus M03-M06)."""

from re import ASCII
from re import compile as pattern
from urllib.parse import unquote, urlencode

from gateway.core.naming import holds_token

MAX = 1024
HOME = "/"
# No backslash and no control character, which browsers read as "/" or drop; percent signs only as escapes of neither.
_PATH = pattern(r"/(?:[A-Za-z0-9._~!$&'(),;=*+:@-][A-Za-z0-9._~!$&'(),;=*+:@/-]*)?", ASCII)
_QUERY = pattern(r"(?:[A-Za-z0-9._~!$&'(),;=*+:@/?-]|%[0-9A-Fa-f]{2})*", ASCII)
_NEVER = ("/sign-in", "/sign-out", "/api", "/static", "/token")  # `/token` is OAuth's; pages have `/tokens`


def own_path(text: str) -> str:
    """`text`, when it is a path of a page, perhaps with a query; else the portal's first page.

    Never a page that signs in or out: that would go round in circles, or undo what was just done. Nor one with a whole
    token in it, which is not to be repeated.
    """
    path, _, query = text.partition("?")
    if len(text) > MAX or "//" in path or not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        return HOME
    if any(path == one or path.startswith(one + "/") for one in _NEVER):
        return HOME
    # `;` begins what some call a segment's parameters, and do not count.
    if {".", ".."} & {segment.partition(";")[0] for segment in path.split("/")}:
        return HOME
    return HOME if holds_token(unquote(text)) else text


def sign_in_path(text: str) -> str:
    """Where to sign in, to be led to `text` afterwards."""
    to = own_path(text)
    return "/sign-in" if to == HOME else f"/sign-in?{urlencode({'to': to})}"
