"""`token-gateway routes`: the route table as the gateway reads it, groups and defaults folded in."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING

from gateway.cli.cell import Cell, Styled
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import show_json, show_table

if TYPE_CHECKING:
    from gateway.core.routes import Route


def routes(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the routes in the order in which they are asked: the first that matches decides.

    \b
    Example:
      token-gateway routes --config token-gateway.yaml
    """
    from gateway.cli.desk import load_settings

    settings = load_settings(config)
    if as_json:
        from gateway.auth.routes import document

        show_json([document(route) for route in settings.routes])
        return
    rows = [
        (
            str(route.index + 1),
            route.name,
            " ".join(route.hosts),
            " ".join(map(str, route.paths)),
            " ".join(sorted(route.methods)) if route.methods is not None else "any",
            who(route),
            str(route.line),
        )
        for route in settings.routes
    ]
    show_table(
        ("order", "name", "host", "path", "methods", "who may pass", "line"), rows, empty="No routes: all is denied."
    )


def who(route: "Route") -> Cell:
    """Who may pass, in words."""
    from gateway.core.routes import Access

    match route.access:
        case Access.PUBLIC:
            return Styled(_from("everybody", route), "yellow")
        case Access.DENY:
            return Styled(_from("nobody", route), "red")
        case Access.AUTHENTICATED:
            return _from("any valid token" + _besides(route), route)
        case Access.SCOPES:
            return _from(_scopes(route) + _besides(route), route)


def _besides(route: "Route") -> str:
    """What is asked of a token and its owner beside scopes."""
    words = ""
    if route.kinds is not None:
        words += f", {' or '.join(sorted(route.kinds))} only"
    if route.groups:
        words += f", owner in {' or '.join(sorted(route.groups))}"
        if route.waive_groups_for:
            words += f" (not asked of {' and '.join(sorted(route.waive_groups_for))} tokens)"
    if any(pattern.login_at is not None for pattern in route.paths):
        words += ", the owner named in the path"
    if route.networks is not None:
        words += f", from {route.networks} or 403"
    return words + ("; CORS preflights: everybody" if route.allow_preflight else "")


def _scopes(route: "Route") -> str:
    if route.all_of:
        return f"scope {' and '.join(sorted(route.all_of))}"
    return f"scope {' or '.join(sorted(route.any_of))}"


def _from(words: str, route: "Route") -> str:
    return words if route.sources is None else f"{words} (matches only from {route.sources})"
