"""The pages as an attacker drives them: plain requests on a connection that stays, each from another network.

alice holds every permission, carol tokens of her own alone. Each signs in once: that costs a hash.
"""

import http.client
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any
from urllib.parse import urlencode

from gateway.web.portal.page import Page
from gateway.web.portal.rows import PAGES
from tests.attacks.portal import HOST
from tests.process.serving import Serving

ORIGIN = f"https://{HOST}"
PASSWORD = "a quiet orchard, 7 gates"
COOKIE = "__Host-token-gateway"
FORM = "application/x-www-form-urlencoded"
TOKEN = re.compile(r"tg[pa]_[0-9A-Za-z]{11}_[0-9A-Za-z]{38}")
POWER = "any_tokens: [admins], users: [admins]"
ALL_POWER = f"{POWER}, applications: [admins], audit: [admins], explain: [admins]"
_networks = count(1)


def elsewhere() -> str:
    """An address of a network that has not asked before, so that what is limited by network is not what is tried."""
    number = next(_networks)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass(frozen=True)
class Came:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


class Pages:
    """The portal of a process that serves, and who is signed in there."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.cookies = {"": ""}
        self.tokens: dict[str, str] = {}
        self._connection = http.client.HTTPConnection("127.0.0.1", serving.portal, timeout=20)

    def ask(
        self, method: str, path: str, body: bytes = b"", *, who: str = "", host: str = HOST, **headers: str
    ) -> Came:
        """One request; `_` in the name of a header is `-`, and an empty value leaves it out."""
        sent = {"X_Forwarded_For": elsewhere(), "Cookie": self.cookies[who], **headers}
        connection = self._connection
        for is_last in (False, True):  # it may have been closed while it was idle
            try:
                connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
                connection.putheader("Host", host)
                for name, value in sent.items():
                    if value:
                        connection.putheader(name.replace("_", "-"), value.encode())
                if body or method == "POST":
                    connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
                answer = connection.getresponse()
                got = answer.read()
                if answer.will_close:
                    connection.close()
                return Came(answer.status, {name.lower(): value for name, value in answer.getheaders()}, got)
            except (http.client.HTTPException, OSError):
                connection.close()
                if is_last:
                    raise
        raise AssertionError

    def get(self, path: str, who: str = "alice", **headers: str) -> Came:
        """Open a page."""
        return self.ask("GET", path, who=who, **headers)

    def send(self, path: str, fields: Mapping[str, Any] | bytes, who: str = "alice", **headers: str) -> Came:
        """Send a form as the portal's own page does, unless the headers say otherwise."""
        body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
        return self.ask("POST", path, body, who=who, **{"Content_Type": FORM, "Origin": ORIGIN, **headers})

    def sign_in(self, login: str, who: str = "", **more: str) -> Came:
        """Sign in by the page."""
        return self.send("/sign-in", {"login": login, "password": PASSWORD, **more}, who=who)

    def person(self, login: str, *groups: str) -> None:
        """Somebody who is signed in from now on."""
        installation = self.serving.installation
        if groups:
            installation.ok("user", "add", login, *(word for group in groups for word in ("--group", group)))
        installation.ok("user", "passwd", login, "--stdin", "--no-must-change", stdin=PASSWORD + "\n")
        came = self.sign_in(login)
        assert came.status == 303, came.text
        self.cookies[login] = came.headers["set-cookie"].partition(";")[0]

    def id_of(self, login: str) -> str:
        """The id of a user or application."""
        return str(self.serving.installation.rows(f"SELECT id FROM owners WHERE login = '{login}'")[0][0])

    def sessions_of(self, login: str) -> list[str]:
        """The ids of somebody's sessions."""
        return [
            id_
            for (id_,) in self.serving.installation.rows(
                f"SELECT id FROM sessions WHERE owner_id = {self.id_of(login)!r}"
            )
        ]

    def state(self) -> dict[str, list[tuple[Any, ...]]]:
        """What a change would change; when somebody was seen is none."""
        rows = self.serving.installation.rows
        tables = ("tokens", "secrets", "owners", "owner_groups", "owner_organisations", "change_feed")
        found = {table: rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}
        found["audit"] = rows("SELECT * FROM audit WHERE action != 'sign_in_refused' ORDER BY 1")  # written afterwards
        return {**found, "sessions": rows("SELECT id, owner_id, proof_at FROM sessions ORDER BY 1")}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Powerful(Serving):
    """With every permission of the gateway in alice's hands."""

    def base(self) -> str:
        return super().base().replace(POWER, ALL_POWER)


def filled(page: Page, parts: Mapping[str, str]) -> str:
    """The address of a page with its parts filled in."""
    return re.sub(r"\{(\w+)\}", lambda part: parts[part[1]], page.path)


def shown() -> Iterator[Page]:
    """The pages that answer GET."""
    return (page for page in PAGES if page.show is not None)


def acting() -> Iterable[Page]:
    """The pages that do something."""
    return (page for page in PAGES if page.act is not None)
