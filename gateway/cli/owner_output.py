"""How commands show users and applications."""

from datetime import datetime
from typing import Any

from gateway.cli.cell import Cell, Styled
from gateway.core.owner import Owner


def document(owner: Owner, created_at: datetime | None = None) -> dict[str, Any]:
    """An owner as `--json` prints it."""
    found: dict[str, Any] = {
        "id": owner.id,
        "kind": owner.kind,
        "login": owner.login,
        "name": owner.name,
        "email": owner.email,
        "groups": owner.groups,
        "organisations": owner.organisations,
        "enabled": owner.enabled,
        "sso": owner.sso,
        "confirmed_at": owner.confirmed_at,
    }
    return found if created_at is None else found | {"created_at": created_at}


def sign_in_fields(owner: Owner) -> list[tuple[str, Cell]]:
    """Where a person of the single sign-on signs in, and when that vouched for them."""
    from gateway.cli.times import exact  # noqa: PLC0415  imported when a command runs: `--help` stays quick

    if not owner.sso:
        return []
    confirmed = "never" if owner.confirmed_at is None else exact(owner.confirmed_at)
    return [("signs in", "elsewhere (single sign-on)"), ("confirmed", confirmed)]


def state_cell(owner: Owner) -> Cell:
    """Whether the owner is enabled, in a word and a colour."""
    return "enabled" if owner.enabled else Styled("disabled", "red")
