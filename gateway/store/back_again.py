"""What a restore brings back: tokens and owners that were stopped since the backup was made, and are not any more."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gateway.store.file import reader_uri

_TOKENS = """
SELECT tokens.id, tokens.kind FROM main.tokens JOIN before.tokens AS then_ ON then_.id = tokens.id
WHERE (then_.revoked_at IS NOT NULL OR then_.suspended_at IS NOT NULL OR then_.idled_at IS NOT NULL)
AND tokens.revoked_at IS NULL AND tokens.suspended_at IS NULL AND tokens.idled_at IS NULL ORDER BY tokens.id
"""
_OWNERS = """
SELECT owners.login FROM main.owners JOIN before.owners AS then_ ON then_.id = owners.id
WHERE (NOT then_.enabled OR then_.deleted_at IS NOT NULL) AND owners.enabled AND owners.deleted_at IS NULL
ORDER BY owners.login
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackAgain:
    """Tokens, each with its id and kind, and the logins of owners."""

    tokens: tuple[tuple[str, str], ...]
    owners: tuple[str, ...]


def back_again(before: Path, after: Path) -> BackAgain | None:
    """Who is back in `after`. None when `before` cannot tell: it is damaged, or of an older program."""
    try:
        with closing(sqlite3.connect(reader_uri(after), uri=True)) as connection:
            # A copy that nobody writes; without a log beside it, it is opened for reading only so.
            connection.execute("ATTACH DATABASE ? AS before", (f"file:{quote(str(before))}?immutable=1",))
            tokens = connection.execute(_TOKENS).fetchall()
            owners = connection.execute(_OWNERS).fetchall()
    except sqlite3.Error:
        return None
    return BackAgain(tokens=tuple((one, kind) for one, kind in tokens), owners=tuple(login for (login,) in owners))
