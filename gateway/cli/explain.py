"""`token-gateway explain`: why a request would pass or not."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.cell import Cell, Styled
from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import show_fields, show_json, show_table

if TYPE_CHECKING:
    from gateway.auth.desk import Desk
    from gateway.auth.explain import Explained, KnownToken, Presenter

REFUSED = 1
MAX_TOKEN_BYTES = 8190  # no longer value reaches the gateway through any proxy

_HEADER = re.compile(r"header:[A-Za-z0-9-]+")


def explain(
    method: Annotated[str, typer.Argument(help="GET, POST, ...", show_default=False)],
    url: Annotated[str, typer.Argument(help="The whole URL as the client asks for it.", show_default=False)],
    *,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", metavar="FILE", help="A file that holds the token; - is stdin.", show_default=False
        ),
    ] = None,
    token_id: Annotated[
        str | None,
        typer.Option(
            "--token-id", metavar="TOKEN", help="A handle or id, as if its secret matched.", show_default=False
        ),
    ] = None,
    ip: Annotated[
        str | None,
        typer.Option("--ip", metavar="ADDRESS", help="The client's address. Default: not known.", show_default=False),
    ] = None,
    transport: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="TRANSPORT",
            help="How the client sends it: bearer, token, basic, header:NAME. Default: the route's first.",
            show_default=False,
        ),
    ] = None,
    basic_user: Annotated[
        str | None,
        typer.Option("--basic-user", help="Present the token as the password of this user.", show_default=False),
    ] = None,
    preflight: Annotated[
        bool, typer.Option("--preflight", help="A CORS preflight: OPTIONS with the two headers.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Walk a request through the very rules that decide checks, and say what decided, where it is written, and what
    would have to change. Without a token: what a stranger gets. Exit code 0 when it passes, 1 when it is refused.

    \b
    Examples:
      token-gateway explain GET https://app.example.org/api/items --token-file token
      token-gateway explain POST https://app.example.org/api/items --token-id tgp_0123456789a --ip 192.0.2.7
      token-gateway explain GET https://app.example.org/public/logo.png
    """
    from gateway.auth.explain import explain_for
    from gateway.auth.explain_document import document, passes, question
    from gateway.cli.desk import at_desk, authenticating, operating

    if token_file is not None and token_id is not None:
        raise Failure("both --token-file and --token-id", "give one of them")
    asking = question(method=method, url=url, address=ip or "", preflight=preflight)
    secret = None if token_file is None else _read_token(token_file)
    asked: dict[str, Any] = {}

    async def work(desk: "Desk") -> "Explained":
        asker = _asker(desk, secret, token_id, transport, basic_user)
        asked["settings"] = desk.settings
        async with authenticating(desk) as authenticator:
            return await explain_for(
                desk,
                desk.settings.policy(),
                asking,
                asker,
                actor=operating(),
                authenticate=authenticator.authenticate,
            )

    explained = at_desk(config, work)
    if as_json:
        show_json(document(explained, asked["settings"]))
    else:
        _show(explained, asked["settings"].source)
    if not passes(explained.decision):
        raise typer.Exit(REFUSED)


def _show(explained: "Explained", source: Path) -> None:
    from gateway.core.decision import Allow
    from gateway.core.reason import OUTSIDE

    decision = explained.decision
    rows: list[tuple[Cell, Cell, Cell]] = []
    for step in explained.steps:
        mark = Styled("ok", "green") if step.broken is None else Styled(step.broken.value, "red")
        rows.append((step.name, "-" if step.name == "passed over" else mark, step.words))
    show_table(("step", "result", "what was compared"), rows, empty="")
    typer.echo("")
    outside = OUTSIDE[decision.reason]
    route = "none" if decision.route is None else f"{decision.route.name} ({source}:{decision.route.line})"
    fields: list[tuple[str, Cell]] = [("route", route)]
    if isinstance(decision, Allow):
        fields.insert(0, ("decision", Styled(f"allow ({decision.reason.value})", "green")))
        fields += [(name.decode("ascii"), value.decode("ascii") or "(empty)") for name, value in decision.headers]
    else:
        said = outside.proven if decision.proven else outside.stranger
        fields.insert(0, ("decision", Styled(f"{outside.status} {decision.reason.value}", "red")))
        fields += [("told outside", said), ("to change it", explained.remedy)]
    show_fields(fields)


def _asker(
    desk: "Desk", secret: bytes | None, token_id: str | None, transport: str | None, basic_user: str | None
) -> "Presenter | KnownToken":
    from gateway.auth.explain import Client, KnownToken
    from gateway.auth.token_known import read_reference
    from gateway.core.credential import SCHEMES, NoCredential

    if token_id is not None:
        return KnownToken(read_reference(desk, token_id))
    if secret is None:
        return lambda _: NoCredential()
    if basic_user is not None and transport is None:
        transport = "basic"
    if transport is not None and transport not in SCHEMES and not _HEADER.fullmatch(transport):
        raise Failure(f"--as {transport}: not a way to send a token", "write bearer, token, basic or header:NAME")
    return Client(token=secret, transport=transport, basic_user=_bytes(basic_user or ""))


def _read_token(file: Path) -> bytes:
    if str(file) == "-":
        text = sys.stdin.buffer.read(MAX_TOKEN_BYTES + 2)
    else:
        with file.open("rb") as opened:
            text = opened.read(MAX_TOKEN_BYTES + 2)
    text = text.removesuffix(b"\n").removesuffix(b"\r")
    if len(text) > MAX_TOKEN_BYTES:
        raise Failure("the token file holds more than a token", "name a file with the token alone")
    return text


def _bytes(argument: str) -> bytes:
    return argument.encode("utf-8", "surrogateescape")
