"""All operations of the API: the rows of every resource. A resource is a file with its rows and its handlers."""

from functools import cache

from gateway.web.api.operation import Operation
from gateway.web.api.resources import (
    audit,
    described,
    explain,
    groups,
    introspect,
    me,
    my_sessions,
    owner_groups,
    owners,
    people,
    session,
    token,
    token_about,
    token_acts,
    tokens,
)

RESOURCES = (
    session,
    me,
    my_sessions,
    owners,
    owner_groups,
    people,
    groups,
    tokens,
    token_acts,
    token_about,
    token,
    audit,
    explain,
    introspect,
)


@cache
def all_operations() -> tuple[Operation, ...]:
    """The rows, in the order of the reference; the document's own is the last."""
    rows = tuple(row for resource in RESOURCES for row in resource.OPERATIONS)
    return (*rows, described.row(rows))
