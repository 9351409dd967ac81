"""What a proxy's config must know of this installation: where to ask, what to hand in, what to hand on.

The renderers beside the dialects turn it into text. The lists are complete on purpose: a header that is missing in the
proxy's config is one that a client may forge, or a credential that reaches the app.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_PLAIN_NAME = re.compile(r"[A-Za-z0-9-]+")
_ADDRESS = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):([0-9]{1,5})|unix:/[A-Za-z0-9._/+@-]+")
MAX_PORT = 65_535
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]", "": "127.0.0.1"}  # noqa: S104  # what a wildcard is dialled by

Files = dict[str, str]  # file name -> text, in the order to read them


class RenderError(ValueError):
    """This proxy cannot be told about this installation. The message says why, and what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The parts of the settings that proxies' configs are made of.

    `check_addresses`: the check listeners, `HOST:PORT` or `unix:/PATH`, in the order of the config.
    `identity_headers`: of every identity set; `login_headers`: of each set the first that holds the login, if one does;
    `credential_headers`: Authorization and every `header:NAME` of any route.
    `form_routes`: the names of the routes that list a `form:NAME`.
    """

    check_addresses: tuple[str, ...]
    identity_headers: tuple[str, ...]
    credential_headers: tuple[str, ...]
    login_headers: tuple[str, ...] = ()
    strips_cookies: bool = False
    preflight: bool = False
    form_routes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would mean something else in a proxy's config.

        Names that proxies drop, or read as another header's, cannot be stripped reliably.
        """
        for address in self.check_addresses:
            found = _ADDRESS.fullmatch(address)
            if found is None:
                raise RenderError(f"address {address!r}: write HOST:PORT, [IPV6]:PORT or unix:/PATH without spaces")
            if found[1] is not None and not 0 < int(found[1]) <= MAX_PORT:
                raise RenderError(f"address {address!r}: a port is a number from 1 to {MAX_PORT}")
        for name in (*self.identity_headers, *self.credential_headers):
            if not _PLAIN_NAME.fullmatch(name):
                raise RenderError(
                    f"header {name!r}: nginx and Caddy drop names with anything but letters, digits and '-'; rename it"
                )

    @property
    def for_gateway(self) -> tuple[str, ...]:
        """The client's headers that the gateway decides by; a proxy hands in these and no others."""
        names = ["Accept", *self.credential_headers]
        if self.strips_cookies:
            names.append("Cookie")
        if self.preflight:
            names += ["Origin", "Access-Control-Request-Method"]
        return distinct(names)

    @property
    def for_app(self) -> tuple[str, ...]:
        """The headers that the app gets from the gateway's answer alone, whatever the client sent under that name."""
        cookie = ["Cookie"] if self.strips_cookies else []
        return distinct([*self.credential_headers, *cookie, *self.identity_headers])

    def dialled(self, *, unix: bool, proxy: str) -> str:
        """The first listener that the proxy can dial, a wildcard as loopback."""
        for address in self.check_addresses:
            if address.startswith("unix:"):
                if unix:
                    return address
                continue
            host, _, port = address.rpartition(":")
            return f"{_ANY_ADDRESS.get(host, host)}:{port}"
        raise RenderError(
            f"{proxy} cannot ask over a unix socket: add a TCP address to listen.check, such as 127.0.0.1:9191"
        )


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """The names once each, as they are written first; header names are one in any case."""
    seen: dict[str, str] = {}
    for name in names:
        seen.setdefault(name.lower(), name)
    return tuple(seen.values())
