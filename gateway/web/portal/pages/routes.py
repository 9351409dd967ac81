"""The routes as the gateway sees them: in which order they are asked, what each asks for, and what came to it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from gateway.auth.refused import NOT_FOUND, Refused
from gateway.auth.routes import document, list_routes
from gateway.core.routes import Access, Route
from gateway.web.portal.form import Form
from gateway.web.portal.page import Answer, Link, Page, Shown, Visit

HOME = "/routes"
SHOWN = 100
FILTERS = ("search", "access", "use")
UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteShown:
    """One route. `hits`: checks that it decided since `Hits.since`; None where nobody could be asked."""

    path: str
    route: Route
    hits: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """How many checks each route decided, by name, and since when; both None when nobody could be asked."""

    by_name: Mapping[str, int] | None
    since: datetime | None

    def of(self, route: Route) -> RouteShown:
        """The route with its hits."""
        hits = None if self.by_name is None else self.by_name.get(route.name, 0)
        return RouteShown(path=f"{HOME}/{route.index + 1}", route=route, hits=hits)


async def show_all(visit: Visit) -> Answer:
    """The table, or what passes the filters, in its order."""
    routes = list_routes(visit.desk, actor=visit.actor)
    given = {name: text for name in FILTERS if (text := visit.asked(name))}
    visit.form = Form(present=given)
    hits = await _hits(visit)
    after = _number(visit.asked("after")) or 0
    found = list(routes) if not given else await asyncio.to_thread(_passing, routes, given, hits)
    left = [route for route in found if route.index >= after]
    shown, more = left[:SHOWN], len(left) > SHOWN
    last = shown[-1].index + 1 if shown else 0
    return Shown(
        template="routes.html",
        data={
            "routes": [hits.of(route) for route in shown],
            "all": len(routes),
            "passing": len(found),
            "since": hits.since,
            "file": visit.desk.settings.source.name,
            "accesses": [one.value for one in Access],
            "is_filtered": bool(given),
            "first": f"{HOME}?{urlencode(given)}" if after else "",
            "more": f"{HOME}?{urlencode({**given, 'after': last})}" if more else "",
        },
    )


async def show(visit: Visit) -> Answer:
    """One route with all that it says, defaults folded in. Refused `not_found`."""
    routes = list_routes(visit.desk, actor=visit.actor)
    number = _number(visit.part("order"))
    if number is None or not 1 <= number <= len(routes):
        message = "there is no such route in the configuration of this moment"
        raise Refused(NOT_FOUND, message=message, mend="look for it in the list")
    route, hits = routes[number - 1], await _hits(visit)
    return Shown(
        template="route.html",
        data={
            "one": hits.of(route),
            "says": document(route),
            "since": hits.since,
            "file": visit.desk.settings.source.name,
            "home": HOME,
            "explain_path": _explain_path(route),
        },
    )


async def _hits(visit: Visit) -> Hits:
    census = await visit.parts.census()
    if census is None:
        return Hits(by_name=None, since=None)
    return Hits(by_name=census.routes, since=census.began_at)


def _passing(routes: Sequence[Route], given: Mapping[str, str], hits: Hits) -> list[Route]:
    """In a thread: there can be very many."""
    tests: list[Callable[[Route], bool]] = []
    if text := given.get("search", "").casefold():
        tests.append(lambda route: any(text in word.casefold() for word in _words(route)))
    if access := given.get("access"):
        tests.append(lambda route: route.access.value == access)
    if given.get("use") == UNUSED:
        tests.append(lambda route: not (hits.by_name or {}).get(route.name))
    return [route for route in routes if all(test(route) for test in tests)]


def _words(route: Route) -> Sequence[str]:
    """What a search looks through."""
    paths = [str(pattern) for pattern in route.paths]
    both = [f"{host}{path}" for host in route.hosts for path in paths]
    return (route.name, *both, *paths, *route.any_of, *route.all_of, *route.groups)


def _explain_path(route: Route) -> str:
    """Where a request that the route stands for is explained."""
    host = route.hosts[0].replace("*.", "any.")
    asked = {"route": route.name} if host == "*" else {"route": route.name, "host": host}
    return f"/explain?{urlencode(asked)}"


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


PAGES = (
    Page(
        name="routes",
        path=HOME,
        show=show_all,
        permissions=frozenset({"explain"}),
        link=Link(label="Routes", icon="route", group="admin"),
    ),
    Page(name="route", path=f"{HOME}/{{order}}", show=show, permissions=frozenset({"explain"})),
)
