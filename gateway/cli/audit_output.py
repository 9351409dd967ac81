"""How commands show rows of the audit."""

import json
from typing import TYPE_CHECKING, Any

from gateway.cli.times import exact

if TYPE_CHECKING:
    from gateway.auth.audit import Listed
    from gateway.store import Sealed, Subject


def cells(sealed: "Sealed", listed: "Listed") -> tuple[str, ...]:
    """A row in the columns of the list."""
    row = sealed.row
    owner = listed.owners.get(row.actor)  # with its kind: somebody may be called `gateway`
    actor = row.actor if owner is None else f"{owner.kind.value} {owner.login}"
    return (
        str(row.seq),
        exact(row.at),
        actor,
        row.address or "-",
        row.action,
        _subject(row.subject),
        _words(row.detail),
    )


def _subject(subject: "Subject") -> str:
    """What it was about: a token also by its id, which `--token` takes; names can be alike."""
    if subject.kind == "token":
        return f"token {subject.id} ({subject.label})"
    return f"{subject.kind} {subject.label}" if subject.label else subject.kind


def _words(detail: str) -> str:
    """A detail in one line; `--json` has all of it."""
    found: dict[str, Any] = json.loads(detail)
    shown = ", ".join(f"{name}={_value(value)}" for name, value in found.items() if value not in (None, "", [], {}))
    return shown if len(shown) <= 100 else shown[:99] + "…"


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
