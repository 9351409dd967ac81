"""`token-gateway user`: people with an account."""

from typing import Annotated

import typer

from gateway.cli import owner
from gateway.cli.directory import sync
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.owner_commands import Words, add_commands
from gateway.cli.owner_options import (
    AllOrganisationsOption,
    EnabledOption,
    GroupOption,
    InGroupOption,
    NewNameArgument,
    NoOrganisationOption,
    OfOrganisationOption,
    OrganisationOption,
    SearchOption,
)
from gateway.cli.passwd import passwd
from gateway.cli.sessions import sessions
from gateway.core.owner import OwnerKind

KIND = OwnerKind.USER

user_app = typer.Typer(help="People with an account.", no_args_is_help=True, rich_markup_mode=None)
Login = Annotated[str, typer.Argument(help="The user's login.", show_default=False)]


@user_app.command("add")
def add(
    login: NewNameArgument,
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


@user_app.command("edit")
def edit(
    login: Login,
    *,
    name: Annotated[str | None, typer.Option("--name", help="How the person is called.", show_default=False)] = None,
    email: Annotated[
        str | None, typer.Option("--email", help="The person's e-mail address.", show_default=False)
    ] = None,
    organisation: AllOrganisationsOption = None,
    no_organisation: NoOrganisationOption = False,
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


add_commands(
    user_app, KIND, Words(one="a user", its="the user's", named="login", help="The user's login.", example="alice")
)
