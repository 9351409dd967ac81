"""`token-gateway app`: service accounts, which own application tokens."""

from typing import Annotated

import typer

from gateway.cli import owner
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
from gateway.core.owner import OwnerKind

KIND = OwnerKind.APPLICATION

application_app = typer.Typer(
    help="Applications: service accounts, without password.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(help="The application's name.", show_default=False)]


@application_app.command("add")
def add(
    name: NewNameArgument,
    *,
    title: Annotated[str, typer.Option("--title", help="What it is called for people.", show_default=False)] = "",
    contact: Annotated[
        str, typer.Option("--contact", help="The e-mail address of who looks after it.", show_default=False)
    ] = "",
    group: GroupOption = None,
    organisation: OrganisationOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create an application, enabled. Users and applications share their names.

    \b
    Example:
      token-gateway app add nightly-export --contact ops@example.org --group staff
    """
    owner.add(
        KIND,
        name,
        name=title,
        email=contact,
        groups=group or (),
        organisations=organisation or (),
        config=config,
        as_json=as_json,
    )


@application_app.command("list")
def list_applications(
    *,
    search: SearchOption = None,
    group: InGroupOption = None,
    organisation: OfOrganisationOption = None,
    enabled: EnabledOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the applications: all, or those that pass everything given.

    \b
    Examples:
      token-gateway app list
      token-gateway app list --organisation acme --enabled
    """
    owner.list_all(
        KIND,
        search=search,
        group=group,
        organisation=organisation,
        enabled=enabled,
        config=config,
        as_json=as_json,
    )


@application_app.command("edit")
def edit(
    name: Name,
    *,
    title: Annotated[str | None, typer.Option("--title", help="What it is called.", show_default=False)] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help="Whom to ask: an e-mail address.", show_default=False)
    ] = None,
    organisation: AllOrganisationsOption = None,
    no_organisation: NoOrganisationOption = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what is said of an application; what is not given stays. The name itself stays for ever.

    \b
    Examples:
      token-gateway app edit nightly-export --contact ops@example.org
      token-gateway app edit nightly-export --organisation acme --organisation example
    """
    owner.edit(
        KIND,
        name,
        name=title,
        email=contact,
        organisations=owner.organisations_given(organisation, none=no_organisation),
        waits=not no_wait,
        config=config,
        as_json=as_json,
    )


add_commands(
    application_app,
    KIND,
    Words(one="an application", its="its", named="name", help="The application's name.", example="nightly-export"),
)
