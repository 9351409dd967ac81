"""`token-gateway token reach`: which routes a token opens."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.cell import Cell, Styled
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import show_json, show_table
from gateway.cli.token import Reference

if TYPE_CHECKING:
    from gateway.auth.desk import Desk
    from gateway.auth.reach import Reached


def register(group: typer.Typer) -> None:
    """Put this command into the group."""
    group.command("reach")(reach)


def reach(
    token: Reference,
    *,
    ip: Annotated[
        str | None,
        typer.Option("--ip", metavar="ADDRESS", help="The client's address. Default: not known.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which routes a token opens, and why the others stay shut: each decided as a check would be.

    For each route a request is made up that it stands for; `explain` tells of one that you name.

    \b
    Examples:
      token-gateway token reach tgp_0123456789a
      token-gateway token reach tgp_0123456789a --ip 192.0.2.7
    """
    from gateway.auth.reach import token_reach
    from gateway.auth.token_wishes import read_address
    from gateway.cli.desk import at_desk, operating

    address = None if ip is None else read_address(ip)

    async def work(desk: "Desk") -> list["Reached"]:
        policy, found = desk.settings.policy(), list["Reached"]()
        after: int | None = -1
        while after is not None:
            page = await token_reach(desk, policy, actor=operating(), reference=token, address=address, after=after)
            found += page.routes
            after = page.after
        return found

    found = at_desk(config, work)
    if as_json:
        show_json([_document(one) for one in found])
        return
    rows = [(_opens(one), one.route.name, one.sample, _why(one)) for one in found]
    show_table(("opens", "route", "such as", "why"), rows, empty="There are no routes.")


def _opens(one: "Reached") -> Cell:
    if one.opens:
        return Styled("yes", "green")
    return "elsewhere" if one.is_of_use else Styled("no", "red")


def _why(one: "Reached") -> str:
    words = [] if one.reason is None else [one.reason.value.replace("_", " ")]
    if one.decided_by is not None:
        words.append(f"decided by {one.decided_by.name}")
    if one.opens_from:
        words.append(f"opens from {', '.join(map(str, one.opens_from))}")
    return "; ".join(words)


def _document(one: "Reached") -> dict[str, Any]:
    route = one.route
    return {
        "route": route.name,
        "line": route.line,
        "hosts": route.hosts,
        "paths": [str(path) for path in route.paths],
        "methods": None if route.methods is None else sorted(route.methods),
        "opens": one.opens,
        "opens_from": None if one.opens_from is None else [str(block) for block in one.opens_from],
        "reason": one.reason,
        "decided_by": None if one.decided_by is None else one.decided_by.name,
        "sample": one.sample,
    }
