"""`token-gateway app`: service accounts, which own application tokens."""

from typing import Annotated

import typer

from gateway.cli import owner
from gateway.cli.options import ConfigOption, JsonOption, NoWaitOption
from gateway.cli.user import (
    AddGroupsOption,
    EnabledOption,
    GroupOption,
    InGroupOption,
    OfOrganisationOption,
    OrganisationOption,
    RemoveGroupsOption,
    SearchOption,
    SetGroupsOption,
    YesOption,
)
from gateway.core.owner import OwnerKind

KIND = OwnerKind.APPLICATION

application_app = typer.Typer(
    help="Applications: service accounts, without password.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(help="The application's name.", show_default=False)]


@application_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Letters, digits and . _ @ + / : -, at most 64.", show_default=False)],
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


@application_app.command("show")
def show(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show an application and its tokens.

    \b
    Example:
      token-gateway app show nightly-export
    """
    owner.show(KIND, name, config=config, as_json=as_json)


@application_app.command("groups")
def groups(
    name: Name,
    *,
    set_to: SetGroupsOption = None,
    add_to: AddGroupsOption = None,
    remove: RemoveGroupsOption = None,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or change the groups of an application. When one was taken away, returns when that is effective everywhere.

    \b
    Examples:
      token-gateway app groups nightly-export
      token-gateway app groups nightly-export --add admins --remove guests
    """
    owner.groups(
        KIND, name, set_to=set_to, add=add_to, remove=remove, waits=not no_wait, config=config, as_json=as_json
    )


@application_app.command("edit")
def edit(
    name: Name,
    *,
    title: Annotated[str | None, typer.Option("--title", help="What it is called.", show_default=False)] = None,
    contact: Annotated[
        str | None, typer.Option("--contact", help="Whom to ask: an e-mail address.", show_default=False)
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


@application_app.command("disable")
def disable(
    name: Name, no_wait: NoWaitOption = False, config: ConfigOption = None, as_json: JsonOption = False
) -> None:
    """Stop an application and all of its tokens; returns when that is effective everywhere.

    \b
    Example:
      token-gateway app disable nightly-export
    """
    owner.set_enabled(KIND, name, enabled=False, waits=not no_wait, config=config, as_json=as_json)


@application_app.command("enable")
def enable(name: Name, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Let an application and its tokens work again.

    \b
    Example:
      token-gateway app enable nightly-export
    """
    owner.set_enabled(KIND, name, enabled=True, config=config, as_json=as_json)


@application_app.command("delete")
def delete(
    name: Name,
    *,
    yes: YesOption = False,
    no_wait: NoWaitOption = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete an application and revoke all of its tokens. The name is never given again.

    \b
    Example:
      token-gateway app delete nightly-export --yes
    """
    owner.delete(KIND, name, yes=yes, waits=not no_wait, config=config, as_json=as_json)
