"""One page as a row: from these rows come the routes, the checks before a handler, the navigation, and the tests that
look at every page.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from aiohttp import web

from gateway.auth.desk import Desk
from gateway.auth.sessions import Session
from gateway.core.network import Address
from gateway.core.owner import Owner
from gateway.core.power import Actor, power
from gateway.core.token import Secret
from gateway.web.api.origin import Origin
from gateway.web.api.parts import Parts, Surroundings
from gateway.web.api.problem import Problem
from gateway.web.portal.form import Form
from gateway.web.portal.words import Words

OWN = frozenset({"own_tokens"})
NOT_YOURS = "this page is for people with another task"
_PART = re.compile(r"\{(\w+)\}")


class Needs(StrEnum):
    """Who may see a page at all. What they may do is the use case's to say, which asks inside its change."""

    NOTHING = "nothing"
    ANY_SESSION = "any_session"  # also one whose password has to be changed first
    SESSION = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A word on the next page that is shown: `kind` is info, success, warning or danger."""

    text: str
    kind: str = "success"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page is the answer. `version` and what else a form needs is among the data."""

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    notice: Notice | None = None
    ends_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The browser is sent to another page, with a word that it shows. `session`: of a session that begins."""

    to: str
    notice: Notice | None = None
    session: Secret | None = None
    ends_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Somebody signed in again: the page whose form they had sent is shown with what they had typed into it."""

    path: str
    given: Mapping[str, Sequence[str]]
    signed_in: Session
    session: Secret


Answer = Shown | Sent | Resumed


@dataclass(kw_only=True)
class Visit:
    """One request for a page that has passed every check of its row."""

    request: web.Request
    parts: Parts
    here: Surroundings
    origin: Origin
    client: Address | None
    words: Words
    path: str  # of the page, which may be another than the request's: after a sign-in a form is shown again
    values: Mapping[str, str] = field(default_factory=dict)  # the named parts of the path
    signed_in: Session | None = None
    form: Form = field(default_factory=Form)

    @property
    def desk(self) -> Desk:
        """The store and the settings of this moment."""
        return self.here.desk

    @property
    def address(self) -> str:
        """The client's address as the audit writes it, empty when it is not known."""
        return str(self.client or "")

    @property
    def user_agent(self) -> str:
        """What the browser calls itself."""
        return self.request.headers.get("User-Agent", "")

    @property
    def session(self) -> Session:
        """Whoever is signed in."""
        assert self.signed_in is not None, "the page does not need a session"
        return self.signed_in

    @property
    def owner(self) -> Owner:
        """Whoever is signed in, as the owner of tokens."""
        return self.session.owner

    @cached_property
    def actor(self) -> Actor:
        """Who acts, for the use cases."""
        return self.session.actor()

    @cached_property
    def permissions(self) -> frozenset[str]:
        """What they may do on pages: what they may in the gateway itself, but no tokens of their own where
        `portal.my_account` is off. None before an initial password was changed.
        """
        if self.signed_in is None or self.signed_in.must_change:
            return frozenset()
        hidden = frozenset() if self.desk.settings.portal.my_account else OWN
        return power(self.here.policy.permissions, self.actor) - hidden

    @property
    def needs_proof(self) -> bool:
        """Whether the password has to be typed again for what gives power; a form then has the field `proof`."""
        return self.session.needs_proof(self.desk.now(), self.desk.settings.portal.session.proof_age)

    def part(self, name: str) -> str:
        """A named part of the path."""
        return self.values[name]

    def asked(self, name: str) -> str:
        """A query parameter without the blanks around it, empty when it is not there. Problem when it is twice."""
        found = self.request.query.getall(name, [])
        if len(found) > 1:
            raise Problem("bad_query", f"{name} is in the address twice")
        return found[0].strip() if found else ""


Handler = Callable[[Visit], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An entry of the navigation. `label` is a text of ours; `group` is `account` or `admin`."""

    label: str
    icon: str
    group: str = "account"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One row. `show` answers GET; `act` does what the page's form asks for, and when it is refused `show` says what
    has to be mended. A page without `show` is a button on another page.

    `permissions`: any one of them is needed to see the page and its link; none: everybody who is signed in may.
    """

    name: str
    path: str
    show: Handler | None = None
    act: Handler | None = None
    needs: Needs = Needs.SESSION
    permissions: frozenset[str] = frozenset()
    link: Link | None = None
    is_once: bool = False  # sending its form twice does it once, and answers the same


def shown_at(pages: Sequence[Page], path: str) -> tuple[Page, Mapping[str, str]] | None:
    """The page that is shown at a path, and the named parts of the path; a path without parts goes before one with."""
    for page in sorted(pages, key=lambda one: "{" in one.path):
        found = None if page.show is None else re.fullmatch(_PART.sub(r"(?P<\1>[^{}/]+)", page.path), path)
        if found is not None:
            return page, found.groupdict()
    return None


def permitted(page: Page, permissions: frozenset[str]) -> bool:
    """Whether somebody with these permissions may see the page."""
    return not page.permissions or not page.permissions.isdisjoint(permissions)


def linked(pages: Sequence[Page], permissions: frozenset[str]) -> list[Page]:
    """The pages that the navigation names for somebody with these permissions."""
    return [page for page in pages if page.link is not None and permitted(page, permissions)]
