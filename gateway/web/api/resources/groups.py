"""`GET /api/v1/groups`: what there is to choose from, and which power each group gives."""

from collections.abc import Sequence

from pydantic import Field

from gateway.auth.owner_list import declared_groups
from gateway.web.api.model import View
from gateway.web.api.operation import Ask, Operation, Reply


class GroupView(View):
    """A group that the configuration declares."""

    name: str
    permissions: Sequence[str] = Field(description="What somebody in it may do in the gateway itself.")


class GroupsView(View):
    """The groups that the configuration declares, in its order."""

    items: Sequence[GroupView]


async def show_all(ask: Ask) -> Reply:
    """The groups."""
    found = declared_groups(ask.desk, actor=ask.actor)
    return Reply(
        body=GroupsView(items=[GroupView(name=name, permissions=sorted(held)) for name, held in found.items()])
    )


OPERATIONS = (
    Operation(
        name="list_groups",
        method="GET",
        path="/api/v1/groups",
        summary="List the groups that owners can be in",
        description="For who holds the permission `users` or `applications`.",
        tag="groups",
        answers={200: GroupsView},
        problems=("permission",),
        handler=show_all,
    ),
)
