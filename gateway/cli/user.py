"""`token-gateway user`: people with an account."""

from typing import Annotated

import typer

from gateway.cli import owner
from gateway.cli.directory import sync
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.passwd import passwd
from gateway.cli.sessions import sessions
from gateway.core.owner import OwnerKind

KIND = OwnerKind.USER

user_app = typer.Typer(help="People with an account.", no_args_is_help=True, rich_markup_mode=None)
Login = Annotated[str, typer.Argument(help="The user's login.", show_default=False)]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
GroupOption = Annotated[
    list[str] | None,
    typer.Option("--group", help="A group, as declared in the configuration; may be repeated.", show_default=False),
]
OrganisationOption = Annotated[
    list[str] | None, typer.Option("--organisation", help="An organisation; may be repeated.", show_default=False)
]
SetGroupsOption = Annotated[
    list[str] | None,
    typer.Option("--set", help='Exactly this group; may be repeated; "" takes all groups away.', show_default=False),
]
AddGroupsOption = Annotated[
    list[str] | None, typer.Option("--add", help="This group too; may be repeated.", show_default=False)
]
SearchOption = Annotated[
    str | None, typer.Option("--search", help="Whose login, name or address holds this.", show_default=False)
]
InGroupOption = Annotated[str | None, typer.Option("--group", help="In this group.", show_default=False)]
OfOrganisationOption = Annotated[
    str | None, typer.Option("--organisation", help="Of this organisation.", show_default=False)
]
EnabledOption = Annotated[
    bool | None, typer.Option("--enabled/--disabled", help="Only those that are so.", show_default=False)
]
RemoveGroupsOption = Annotated[
    list[str] | None, typer.Option("--remove", help="Not this group; may be repeated.", show_default=False)
]


@user_app.command("add")
def add(
    login: Annotated[str, typer.Argument(help="Letters, digits and . _ @ + / : -, at most 64.", show_default=False)],
    *,
    name: Annotated[str, typer.Option("--name", help="How the person is called.", show_default=False)] = "",
    email: Annotated[str, typer.Option("--email", help="The person's e-mail address.", show_default=False)] = "",
    group: GroupOption = None,
    organisation: OrganisationOption = None,
    sso: Annotated[
        bool, typer.Option("--sso", help="Signs in elsewhere: no password here, to be confirmed from there.")
    ] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a user, enabled. `user passwd` gives a local one an initial password.

    \b
    Examples:
      token-gateway user add alice --name "Alice Example" --email alice@example.org --group staff
      token-gateway user add bob --sso
    """
    owner.add(
        KIND,
        login,
        name=name,
        email=email,
        groups=group or (),
        organisations=organisation or (),
        sso=sso,
        config=config,
        as_json=as_json,
    )


user_app.command("passwd")(passwd)
user_app.command("sync")(sync)
user_app.command("sessions")(sessions)


@user_app.command("confirm")
def confirm(login: Login, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Vouch for a user of the single sign-on: the user's tokens work for another `tokens.reconfirm_every`.

    \b
    Example:
      token-gateway user confirm bob
    """
    owner.confirm(login, config=config, as_json=as_json)


@user_app.command("list")
def list_users(
    *,
    search: SearchOption = None,
    group: InGroupOption = None,
    organisation: OfOrganisationOption = None,
    enabled: EnabledOption = None,
    sso: Annotated[
        bool | None,
        typer.Option("--sso/--local", help="Only those who sign in elsewhere, or here.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the users: all, or those that pass everything given.

    \b
    Examples:
      token-gateway user list --json
      token-gateway user list --search example.org --group staff --disabled
    """
    owner.list_all(
        KIND,
        search=search,
        group=group,
        organisation=organisation,
        enabled=enabled,
        sso=sso,
        config=config,
        as_json=as_json,
    )


@user_app.command("show")
def show(login: Login, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a user and the user's tokens.

    \b
    Example:
      token-gateway user show alice
    """
    owner.show(KIND, login, config=config, as_json=as_json)


@user_app.command("groups")
def groups(
    login: Login,
    *,
    set_to: SetGroupsOption = None,
    add_to: AddGroupsOption = None,
    remove: RemoveGroupsOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or change the groups of a user. When one was taken away, returns when that is effective everywhere.

    \b
    Examples:
      token-gateway user groups alice
      token-gateway user groups alice --add admins --remove guests
    """
    owner.groups(
        KIND, login, set_to=set_to, add=add_to, remove=remove, waits=not no_wait, config=config, as_json=as_json
    )


@user_app.command("edit")
def edit(
    login: Login,
    *,
    name: Annotated[str | None, typer.Option("--name", help="How the person is called.", show_default=False)] = None,
    email: Annotated[
        str | None, typer.Option("--email", help="The person's e-mail address.", show_default=False)
    ] = None,
    organisation: Annotated[
        list[str] | None,
        typer.Option("--organisation", help="All organisations, anew; may be repeated.", show_default=False),
    ] = None,
    no_organisation: Annotated[bool, typer.Option("--no-organisation", help="No organisation any more.")] = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is said of a user; what is not given stays. The login itself stays for ever.

    \b
    Examples:
      token-gateway user edit alice --email alice@example.org
      token-gateway user edit alice --organisation acme --organisation example
    """
    owner.edit(
        KIND,
        login,
        name=name,
        email=email,
        organisations=owner.organisations_given(organisation, none=no_organisation),
        waits=not no_wait,
        config=config,
        as_json=as_json,
    )


@user_app.command("disable")
def disable(
    login: Login, no_wait: NoWaitOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Stop a user and all of the user's tokens; returns when that is effective everywhere.

    \b
    Example:
      token-gateway user disable alice
    """
    owner.set_enabled(KIND, login, enabled=False, waits=not no_wait, config=config, as_json=as_json)


@user_app.command("enable")
def enable(login: Login, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let a user and the user's tokens work again.

    \b
    Example:
      token-gateway user enable alice
    """
    owner.set_enabled(KIND, login, enabled=True, config=config, as_json=as_json)


@user_app.command("delete")
def delete(
    login: Login,
    *,
    yes: YesOption = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a user and revoke all of the user's tokens. The login is never given again.

    \b
    Example:
      token-gateway user delete alice --yes
    """
    owner.delete(KIND, login, yes=yes, waits=not no_wait, config=config, as_json=as_json)
