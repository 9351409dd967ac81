"""Conditions that lists of owners and of tokens share. The same for every engine."""

from typing import Any

from sqlalchemy import ColumnElement, Table, exists, func


def has_part(column: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """By `replace`: in LIKE, some characters stand for others. Only ASCII is folded, as SQLite's `lower` does."""
    folded = func.lower(column)
    return func.replace(folded, func.lower(part), "") != folded


def is_named(table: Table, owner_id: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Whether the owner has this name in a table of names: a group from any source, or an organisation."""
    return exists().where(table.c.owner_id == owner_id, table.c.name == name)
