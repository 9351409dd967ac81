"""Which owners a list shows, as conditions of one statement. The same for every engine."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, or_

from gateway.store.conditions import has_part, is_named
from gateway.store.records import fold
from gateway.store.tables import owner_groups, owner_organisations, owners


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerFilter:
    """Which owners a list shows: those that pass everything given."""

    login: str | None = None  # the whole, in any case
    text: str | None = None  # a part of login, name or address; ASCII letters in either case
    group: str | None = None  # from any source
    organisation: str | None = None
    enabled: bool | None = None
    sso: bool | None = None


def narrowed(statement: Select[Any], wanted: OwnerFilter) -> Select[Any]:
    """The statement with the conditions of the filter."""
    if wanted.login is not None:
        statement = statement.where(owners.c.login_folded == fold(wanted.login))
    if wanted.text:
        columns = (owners.c.login, owners.c.name, owners.c.email)
        statement = statement.where(or_(*(has_part(column, wanted.text) for column in columns)))
    if wanted.group is not None:
        statement = statement.where(is_named(owner_groups, owners.c.id, wanted.group))
    if wanted.organisation is not None:
        statement = statement.where(is_named(owner_organisations, owners.c.id, wanted.organisation))
    if wanted.enabled is not None:
        statement = statement.where(owners.c.enabled.is_(wanted.enabled))
    if wanted.sso is not None:
        statement = statement.where(owners.c.sso.is_(wanted.sso))
    return statement
