"""`token-gateway token edit|suspend|resume`: other settings, a stop, and an end to that, for tokens that live."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.effect import effect_document, effect_words
from gateway.cli.failure import NOT_FOUND, Failure
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.output import note, show_json
from gateway.cli.times import expiry_wish, idle_wish
from gateway.cli.token import HostOption, IdleOption, Reference, one_owner, with_brand
from gateway.cli.token_revoke import AllOfAppOption, AllOfUserOption, say_all_stopped

if TYPE_CHECKING:
    from gateway.auth.token_stops import Suspension

ANYWHERE = "any"


def register(group: typer.Typer) -> None:
    """Put these commands into the group."""
    group.command("edit")(edit)
    group.command("suspend")(suspend)
    group.command("resume")(resume)


def edit(
    token: Reference,
    *,
    name: Annotated[str | None, typer.Option("--name", help="Another name.", show_default=False)] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Exactly this scope; may be repeated.", show_default=False),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option("--network", help="Only from there; `any` is anywhere; may be repeated.", show_default=False),
    ] = None,
    host: HostOption = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="90d from now, 2027-01-31, 2027-01-31T12:00:00Z, never.", show_default=False),
    ] = None,
    idle: IdleOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what a token may do and how long. What is given replaces what was there; the rest stays.

    When something is taken away, this returns as soon as that is effective everywhere, and says how long it took.

    \b
    Examples:
      token-gateway token edit tgp_0123456789a --name "build server" --expires 30d
      token-gateway token edit tgp_0123456789a --scope rest --network 10.0.0.0/8 --host app.example.org
      token-gateway token edit tgp_0123456789a --network any --idle none
    """
    from gateway.auth.token_edit import edit_token
    from gateway.cli import token_output
    from gateway.cli.desk import at_desk, operating
    from gateway.core.token import handle

    if all(option is None for option in (name, scope, network, host, expires, idle)):
        raise Failure("nothing to change", "give what the token is to have, such as --name or --expires")
    brand, done = at_desk(
        config,
        lambda desk: with_brand(
            desk,
            edit_token(
                desk,
                actor=operating(),
                reference=token,
                name=name,
                scopes=scope,
                networks=[] if network == [ANYWHERE] else network,
                hosts=host,
                expires=expiry_wish(expires),
                idle=idle_wish(idle),
            ),
        ),
        waits=not no_wait,
    )
    if as_json:
        shown = token_output.token_document(done.token, done.owner, brand)
        show_json(shown | {"version": done.version, "changed": done.changed} | effect_document(done.effect))
        return
    which = f"{handle(brand, done.token.kind, done.token.id)} ({done.token.name!r} of {done.owner.login})"
    note(f"{which} {'is changed' if done.changed else 'was so already'}{effect_words(done.effect)}.")


def suspend(
    tokens: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOKEN]...", help="Handles (tgp_...) or ids; never whole tokens.", show_default=False),
    ] = None,
    all_of_user: AllOfUserOption = None,
    all_of_app: AllOfAppOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop tokens until they are resumed. When this returns, no check on any host allows one of them.

    \b
    Examples:
      token-gateway token suspend tgp_0123456789a
      token-gateway token suspend --all-of-app nightly-export
    """
    from gateway.auth.token_stops import suspend_all, suspend_tokens
    from gateway.cli.desk import at_desk, operating

    ways = [bool(tokens), all_of_user is not None, all_of_app is not None]
    if sum(ways) != 1:
        which = "handles, --all-of-user or --all-of-app"
        raise Failure("nothing to suspend" if not any(ways) else "more than one way to say which", f"give {which}")
    if not tokens:
        kind, login = one_owner(all_of_user, all_of_app)
        done = at_desk(
            config,
            lambda desk: suspend_all(desk, actor=operating(), owner_kind=kind, login=login),
            waits=not no_wait,
        )
        say_all_stopped(done, "suspended", as_json=as_json)
        return
    references = list(dict.fromkeys(tokens))
    brand, stopped = at_desk(
        config,
        lambda desk: with_brand(desk, suspend_tokens(desk, actor=operating(), references=references)),
        waits=not no_wait,
    )
    _say_suspended(stopped, brand, as_json=as_json)


def resume(token: Reference, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a suspended token work again.

    \b
    Example:
      token-gateway token resume tgp_0123456789a
    """
    from gateway.auth.token_stops import resume_token
    from gateway.cli import token_output
    from gateway.cli.desk import at_desk, operating
    from gateway.core.token import handle

    brand, done = at_desk(config, lambda desk: with_brand(desk, resume_token(desk, actor=operating(), reference=token)))
    if as_json:
        show_json(token_output.token_document(done.token, done.owner, brand) | {"changed": done.changed})
        return
    which = f"{handle(brand, done.token.kind, done.token.id)} ({done.token.name!r} of {done.owner.login})"
    note(f"{which} {'is resumed' if done.changed else 'was not suspended'}.")


def _say_suspended(done: "Suspension", brand: str, *, as_json: bool) -> None:
    """Say what was suspended; exit 3 when something was not there."""
    from gateway.cli import token_output
    from gateway.core.token import handle

    if as_json:
        suspended: list[dict[str, Any]] = [
            token_output.token_document(one.token, one.owner, brand) | {"already": one.already} for one in done.stopped
        ]
        show_json({"suspended": suspended, "not_found": list(done.unknown)} | effect_document(done.effect))
    else:
        for one in done.stopped:
            word = "had been stopped already" if one.already else "is suspended"
            which = f"{handle(brand, one.token.kind, one.token.id)} ({one.token.name!r} of {one.owner.login})"
            note(f"{which} {word}{effect_words(done.effect)}.")
        for reference in done.unknown:
            note(f"there is no token {reference}; see `token-gateway token list`")
    if done.unknown:
        raise typer.Exit(NOT_FOUND)
