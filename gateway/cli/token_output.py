"""How tokens are shown: in lists, one by one, and as JSON. A secret has no place in any of these."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.cli.cell import Cell, Styled
from gateway.cli.output import show_table
from gateway.cli.times import exact, in_words, relative
from gateway.core.lifecycle import token_state
from gateway.core.owner import Owner, Token
from gateway.core.token import handle
from gateway.store import TokenEntry


def show_list(entries: Sequence[TokenEntry], brand: str, now: datetime) -> None:
    """Print tokens as a table."""
    rows = [
        (
            handle(brand, entry.token.kind, entry.token.id),
            entry.owner.login,
            f"{entry.token.name} (from RT)" if entry.is_from_rt else entry.token.name,
            ", ".join(sorted(entry.token.scopes)) or "-",
            expires_cell(entry.token, now),
            state_cell(entry, now),
            used_words(entry, now),
        )
        for entry in entries
    ]
    show_table(("token", "owner", "name", "scopes", "expires", "state", "used"), rows, empty="No tokens.")


def expires_cell(token: Token, now: datetime) -> Cell:
    """When the token ends, relative to now; red once it has."""
    if token.expires_at is None:
        return "never"
    words = relative(token.expires_at, now)
    return Styled(words, "red") if token.expires_at <= now else words


def state_cell(entry: TokenEntry, now: datetime) -> Cell:
    """Why the token is not usable, or `live`: the words of the reason codes."""
    reason = token_state(entry.token, entry.owner, now, entry.quiet_since)
    if reason is None:
        return Styled("live", "green")
    return Styled(reason.value.replace("_", " "), "red")


def used_words(entry: TokenEntry, now: datetime) -> str:
    """When the token was used last and from where, and how often, in all and since its rotation."""
    usage = entry.usage
    if usage.last_used_at is None:
        return "never used"
    times = "once" if usage.total == 1 else f"{usage.total} times"
    if usage.since_rotation != usage.total:
        times += f" ({usage.since_rotation} since rotation)"
    origin = f", last from {usage.last_address}" if usage.last_address else ""
    return f"{relative(usage.last_used_at, now)}, {times}{origin}"


def fields(entry: TokenEntry, brand: str, now: datetime) -> list[tuple[str, Cell]]:
    """One token, field by field, in exact times."""
    token, owner, usage = entry.token, entry.owner, entry.usage
    expires = "never" if token.expires_at is None else f"{exact(token.expires_at)} ({relative(token.expires_at, now)})"
    shown: list[tuple[str, Cell]] = [
        ("token", handle(brand, token.kind, token.id)),
        ("kind", token.kind.value),
        ("owner", f"{owner.login} ({owner.kind.value})"),
        ("name", token.name),
        ("state", state_cell(entry, now)),
        ("scopes", ", ".join(sorted(token.scopes)) or "-"),
        ("networks", "anywhere" if token.networks is None else str(token.networks)),
        ("hosts", "every host" if token.hosts is None else ", ".join(sorted(token.hosts))),
        ("expires", expires),
        ("may rest", "for ever" if token.idle is None else f"{in_words(token.idle)}, since {exact(entry.quiet_since)}"),
        ("created", f"{exact(token.created_at)} by {entry.creator}"),
        ("used", used_words(entry, now)),
    ]
    if entry.is_from_rt:
        shown.append(("secret", "the one of Request Tracker; `token-gateway token rotate` makes one of ours"))
    if usage.last_used_at is not None:
        shown.append(("last used", f"{exact(usage.last_used_at)} from {usage.last_address or 'an unknown address'}"))
        shown.append(("uses", f"{usage.total} since creation, {usage.since_rotation} since rotation"))
    if token.idled_at is not None:
        shown.append(("ended unused", exact(token.idled_at)))
    if token.suspended_at is not None:
        shown.append(("suspended", exact(token.suspended_at)))
    if token.revoked_at is not None:
        shown.append(("revoked", f"{exact(token.revoked_at)} by {entry.revoker}"))
    return shown


def document(entry: TokenEntry, brand: str) -> dict[str, Any]:
    """One token as `--json` prints it."""
    usage = entry.usage
    return token_document(entry.token, entry.owner, brand) | {
        "created_by": entry.created_by,
        "created_by_login": entry.created_by_login,
        "revoked_by": entry.revoked_by,
        "revoked_by_login": entry.revoked_by_login,
        "from_rt": entry.is_from_rt,
        "quiet_since": entry.quiet_since,
        "version": entry.version,
        "usage": {
            "total": usage.total,
            "since_rotation": usage.since_rotation,
            "last_used_at": usage.last_used_at,
            "last_address": usage.last_address,
        },
    }


def token_document(token: Token, owner: Owner, brand: str) -> dict[str, Any]:
    """The part of it that a token is made with."""
    return {
        "handle": handle(brand, token.kind, token.id),
        "id": token.id,
        "kind": token.kind,
        "owner": {"id": owner.id, "kind": owner.kind, "login": owner.login, "enabled": owner.enabled},
        "name": token.name,
        "scopes": token.scopes,
        "networks": None if token.networks is None else [str(member) for member in token.networks.members],
        "created_at": token.created_at,
        "hosts": token.hosts,
        "expires_at": token.expires_at,
        "idle_s": token.idle,
        "idled_at": token.idled_at,
        "suspended_at": token.suspended_at,
        "revoked_at": token.revoked_at,
    }
