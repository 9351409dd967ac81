"""The options that `user` and `app` share."""

from typing import Annotated

import typer

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
NewNameArgument = Annotated[
    str, typer.Argument(help="Letters, digits and . _ @ + / : -, at most 64.", show_default=False)
]
AllOrganisationsOption = Annotated[
    list[str] | None,
    typer.Option("--organisation", help="All organisations, anew; may be repeated.", show_default=False),
]
NoOrganisationOption = Annotated[bool, typer.Option("--no-organisation", help="No organisation any more.")]
