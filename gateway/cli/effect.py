"""How far a change has come (an `auth.desk.Effect`, or None for one that took nothing away), as commands say it."""

from datetime import UTC
from typing import Any


def effect_words(effect: Any) -> str:
    """How long it took until the change was effective everywhere."""
    if effect is None:
        return ""
    if effect.everywhere_by is not None:
        by = effect.everywhere_by.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return f"; effective everywhere by {by}"
    return f"; effective everywhere, {effect.waited_s:.2f} s after the commit"


def effect_document(effect: Any) -> dict[str, Any]:
    """The same for `--json`."""
    if effect is None:
        return {}
    return {"effective_after_s": round(effect.waited_s, 3), "effective_everywhere_by": effect.everywhere_by}
