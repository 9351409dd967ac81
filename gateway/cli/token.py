"""`token-gateway token`: make, list, show and rotate tokens. The other commands are in `token_life` and `token_revoke`.

A new token is the only thing on stdout; everything said about it goes to stderr. It is printed before it is stored, so
that neither Ctrl-C nor a closed pipe leaves a live secret that nobody has. No secret is ever an argument.
"""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.output import note, show_fields, show_json, show_table
from gateway.cli.secret_output import handing_out, say_made, secret_words
from gateway.cli.times import exact, expiry_wish, idle_wish, moment, span
from gateway.core.owner import OwnerKind

if TYPE_CHECKING:
    from gateway.auth.desk import Desk

token_app = typer.Typer(
    help="Tokens: make, list, show, edit, rotate, suspend, revoke.", no_args_is_help=True, rich_markup_mode=None
)
HostOption = Annotated[
    list[str] | None,
    typer.Option(
        "--host", help="Only for that host, or *.example.org; * is every host; may be repeated.", show_default=False
    ),
]
IdleOption = Annotated[
    str | None,
    typer.Option("--idle", help="End it when it is not used for so long, such as 30d; none.", show_default=False),
]
UserOption = Annotated[str | None, typer.Option("--user", help="The login of a user.", show_default=False)]
AppOption = Annotated[str | None, typer.Option("--app", help="The name of an application.", show_default=False)]
Reference = Annotated[
    str, typer.Argument(metavar="TOKEN", help="Its handle (tgp_...) or id; never the whole token.", show_default=False)
]


class State(StrEnum):
    """What `token list --state` takes."""

    LIVE = "live"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


@token_app.command("create")
def create(
    *,
    name: Annotated[str, typer.Option("--name", help="What it is for; unique per owner.", show_default=False)],
    user: UserOption = None,
    app: AppOption = None,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="A scope, as declared; may be repeated.", show_default=False)
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires",
            help="90d, 2027-01-31 (its end, UTC), 2027-01-31T12:00:00Z, never. Default: by the configuration.",
            show_default=False,
        ),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option("--network", help="Only from there, such as 10.0.0.0/8; may be repeated.", show_default=False),
    ] = None,
    host: HostOption = None,
    idle: IdleOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token. The token alone is printed, once; all else goes to stderr.

    \b
    Examples:
      T=$(token-gateway token create --user alice --name ci --scope rest)
      token-gateway token create --user alice --name laptop --scope pull --scope push --expires 30d
      token-gateway token create --app nightly-export --name cron --scope rest --network 10.0.0.0/8
      token-gateway token create --user alice --name tablet --scope rest --host app.example.org --idle 30d
    """
    from gateway.auth.tokens import create_token
    from gateway.cli.desk import at_desk, operating

    kind, login = one_owner(user, app)
    wish, rest = expiry_wish(expires), idle_wish(idle)
    brand, minted = at_desk(
        config,
        lambda desk: with_brand(
            desk,
            create_token(
                desk,
                actor=operating(),
                owner_kind=kind,
                login=login,
                name=name,
                scopes=scope or (),
                networks=network or (),
                hosts=host or (),
                expires=wish,
                idle=rest,
                hand_out=handing_out(desk.settings.tokens.brand, as_json=as_json),
            ),
        ),
    )
    if not scope:
        note("It has no scopes: only routes that ask for any valid token will take it.")
    say_made(minted, brand, as_json=as_json)


@token_app.command("list")
def list_all(
    *,
    user: UserOption = None,
    app: AppOption = None,
    state: Annotated[
        State | None, typer.Option("--state", help="Only tokens in that state.", show_default=False)
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="Only tokens with this scope.", show_default=False)
    ] = None,
    group: Annotated[
        str | None, typer.Option("--group", help="Only tokens of owners in this group.", show_default=False)
    ] = None,
    organisation: Annotated[
        str | None,
        typer.Option("--organisation", help="Only tokens of owners in this organisation.", show_default=False),
    ] = None,
    expires_before: Annotated[
        str | None,
        typer.Option(
            "--expires-before",
            metavar="WHEN",
            help="Only tokens that end before 30d or 2027-01-31.",
            show_default=False,
        ),
    ] = None,
    expires_after: Annotated[
        str | None,
        typer.Option("--expires-after", metavar="WHEN", help="Only tokens that end then or later.", show_default=False),
    ] = None,
    never_expires: Annotated[bool, typer.Option("--never-expires", help="Only tokens that never end.")] = False,
    name: Annotated[
        str | None, typer.Option("--name", help="Only tokens with this in their name.", show_default=False)
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List tokens, of all owners or of one; the filters narrow each other.

    \b
    Examples:
      token-gateway token list
      token-gateway token list --scope rest --expires-before 30d
      token-gateway token list --user alice --state live --json
    """
    from gateway.auth.token_list import list_tokens
    from gateway.cli import token_output
    from gateway.cli.desk import at_desk, now, operating
    from gateway.store import TokenState

    kind, login = (None, None) if user is None and app is None else one_owner(user, app)
    wanted = None if state is None else TokenState(state.value)
    before = None if expires_before is None else moment(expires_before, "--expires-before", now())
    later = None if expires_after is None else moment(expires_after, "--expires-after", now())
    brand, entries = at_desk(
        config,
        lambda desk: with_brand(
            desk,
            list_tokens(
                desk,
                actor=operating(),
                owner_kind=kind,
                login=login,
                state=wanted,
                scope=scope,
                group=group,
                organisation=organisation,
                expires_before=before,
                expires_after=later,
                never_expires=never_expires,
                name=name,
            ),
        ),
    )
    if as_json:
        show_json([token_output.document(entry, brand) for entry in entries])
    else:
        token_output.show_list(entries, brand, now())


@token_app.command("show")
def show(token: Reference, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a token: its owner, scopes, expiry, use and secrets (when they were made, never what they are).

    \b
    Example:
      token-gateway token show tgp_0123456789a
    """
    from gateway.auth.token_list import show_token
    from gateway.cli import token_output
    from gateway.cli.desk import at_desk, now, operating

    brand, shown = at_desk(config, lambda desk: with_brand(desk, show_token(desk, actor=operating(), reference=token)))
    if as_json:
        ended = [
            {"created_at": one.created_at, "ends_at": one.ends_at, "until_used": one.until_used}
            for one in shown.secrets
        ]
        show_json(token_output.document(shown.entry, brand) | {"secrets": ended})
        return
    at = now()
    show_fields(token_output.fields(shown.entry, brand, at))
    typer.echo("")
    rows = [(exact(one.created_at), secret_words(one.ends_at, at, until_used=one.until_used)) for one in shown.secrets]
    show_table(("secret made", "state"), rows, empty="It has no secret.")


@token_app.command("rotate")
def rotate(
    token: Reference,
    grace: Annotated[
        str, typer.Option("--grace", help="How long the old secret still works: 0, 30m, 12h, at most 7d.")
    ] = "0",
    until_used: Annotated[
        bool, typer.Option("--until-used", help="The old secret works until the new one is used, at most 7 days.")
    ] = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a token a new secret, printed alone, once. Without grace the old one is dead when this returns.

    \b
    Examples:
      T=$(token-gateway token rotate tgp_0123456789a)
      token-gateway token rotate tgp_0123456789a --grace 1h
      token-gateway token rotate tgp_0123456789a --until-used
    """
    from gateway.auth.tokens import rotate_token
    from gateway.cli.desk import at_desk, operating

    length = span(grace, "--grace")
    brand, minted = at_desk(
        config,
        lambda desk: with_brand(
            desk,
            rotate_token(
                desk,
                actor=operating(),
                reference=token,
                grace=length,
                until_used=until_used,
                hand_out=handing_out(desk.settings.tokens.brand, as_json=as_json),
            ),
        ),
        waits=not no_wait,
    )
    say_made(minted, brand, as_json=as_json)


def one_owner(user: str | None, app: str | None) -> tuple[OwnerKind, str]:
    if user is not None and app is None:
        return OwnerKind.USER, user
    if app is not None and user is None:
        return OwnerKind.APPLICATION, app
    raise Failure("whose token is it?" if user is None else "a token has one owner", "give --user LOGIN or --app NAME")


async def with_brand(desk: "Desk", work: Any) -> Any:
    """The brand beside the work's result: handles are spelled with it."""
    return desk.settings.tokens.brand, await work
