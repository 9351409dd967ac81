"""The commands of `user` and `app` that differ in a word: show one, its groups, disable, enable and delete it."""

from dataclasses import dataclass

import typer

from gateway.cli import owner
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.owner_options import AddGroupsOption, RemoveGroupsOption, SetGroupsOption, YesOption
from gateway.core.owner import OwnerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How the help of one of the two says it. `its`: the possessive; `named`: what the argument is called there."""

    one: str
    its: str
    named: str
    help: str
    example: str


def add_commands(app: typer.Typer, kind: OwnerKind, words: Words) -> None:
    """Add them to the group of commands."""
    which = typer.Argument(..., metavar=words.named, help=words.help, show_default=False)
    called = f"token-gateway {owner.COMMAND[kind]}"

    def example(text: str, *lines: str) -> str:
        many = "s" if len(lines) > 1 else ""
        return "\n".join([text, "", "\b", f"Example{many}:", *(f"  {called} {line}" for line in lines)])

    @app.command("show", help=example(f"Show {words.one} and {words.its} tokens.", f"show {words.example}"))
    def show(login: str = which, config: ConfigOption = None, as_json: JsonOption = False) -> None:
        owner.show(kind, login, config=config, as_json=as_json)

    @app.command(
        "groups",
        help=example(
            f"Show or change the groups of {words.one}. When one was taken away, returns when that is effective "
            "everywhere.",
            f"groups {words.example}",
            f"groups {words.example} --add admins --remove guests",
        ),
    )
    def groups(
        login: str = which,
        *,
        set_to: SetGroupsOption = None,
        add_to: AddGroupsOption = None,
        remove: RemoveGroupsOption = None,
        no_wait: NoWaitOption = False,
        config: ConfigOption = None,
        as_json: JsonOption = False,
    ) -> None:
        owner.groups(
            kind, login, set_to=set_to, add=add_to, remove=remove, waits=not no_wait, config=config, as_json=as_json
        )

    @app.command(
        "disable",
        help=example(
            f"Stop {words.one} and all of {words.its} tokens; returns when that is effective everywhere.",
            f"disable {words.example}",
        ),
    )
    def disable(
        login: str = which, no_wait: NoWaitOption = False, config: ConfigOption = None, as_json: JsonOption = False
    ) -> None:
        owner.set_enabled(kind, login, enabled=False, waits=not no_wait, config=config, as_json=as_json)

    @app.command(
        "enable", help=example(f"Let {words.one} and {words.its} tokens work again.", f"enable {words.example}")
    )
    def enable(login: str = which, config: ConfigOption = None, as_json: JsonOption = False) -> None:
        owner.set_enabled(kind, login, enabled=True, config=config, as_json=as_json)

    @app.command(
        "delete",
        help=example(
            f"Delete {words.one} and revoke all of {words.its} tokens. The {words.named} is never given again.",
            f"delete {words.example} --yes",
        ),
    )
    def delete(
        login: str = which,
        *,
        yes: YesOption = False,
        no_wait: NoWaitOption = False,
        config: ConfigOption = None,
        as_json: JsonOption = False,
    ) -> None:
        owner.delete(kind, login, yes=yes, waits=not no_wait, config=config, as_json=as_json)
