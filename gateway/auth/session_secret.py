"""The secret in a session's cookie, and what the store calls the session: a digest, so that it signs nobody in.

The secret has 256 bits: no salt and no slow hash are needed.
"""

import secrets
from hashlib import sha256
from re import ASCII
from re import compile as pattern

from gateway.core.token import Secret
from gateway.store import Change

_BYTES = 32
_FORM = pattern(r"[A-Za-z0-9_-]{43}", ASCII)


def new_session_secret() -> tuple[Secret, str]:
    """A secret for a cookie, and the id of its session."""
    text = secrets.token_urlsafe(_BYTES)
    return Secret(text), _digest(text)


def session_id_of(secret: Secret) -> str | None:
    """What the store calls the session of this secret; None for what was never one of ours."""
    text = secret.reveal()
    return _digest(text) if _FORM.fullmatch(text) else None


async def end_before(change: Change, before: Secret | None) -> None:
    """End the session that a browser had: a machine that several use keeps none of somebody who thinks to be out."""
    own = None if before is None else session_id_of(before)
    had = None if own is None else await change.session(own)
    if had is not None:
        await change.end_session(had.session.id, owner_id=had.session.owner_id)


def _digest(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()
