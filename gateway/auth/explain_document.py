"""`explain` as programs ask and are answered: the same for `--json` and the API."""

import re
from typing import Any
from urllib.parse import unquote

from gateway.auth.explain import Explained, Question
from gateway.auth.refused import Refused
from gateway.config import Settings
from gateway.core.decision import Allow, Decision
from gateway.core.naming import holds_token
from gateway.core.reason import OUTSIDE
from gateway.core.token import handle

_URL = re.compile(r"https?://([^/?#@]+)(.*)", re.DOTALL | re.IGNORECASE)


def question(*, method: str, url: str, address: str = "", preflight: bool = False) -> Question:
    """The request that is asked about, from a whole URL. `address` empty: not known. Refused `bad_value`, and
    `secret_given` for a whole token before the query, which the walk would repeat; the query is read, and never shown.
    """
    if holds_token(unquote(url.partition("?")[0])):
        raise Refused(
            "secret_given",
            field="url",
            message="that holds a whole token, with its secret, which should not be handed around",
            mend="leave it out of the host and the path, and revoke it if others may have seen it",
        )
    found = _URL.fullmatch(url)
    if found is None:
        raise Refused(
            "bad_value",
            field="url",
            message="the URL is not one",
            mend="write it whole, such as https://app.example.org/api/items",
        )
    return Question(
        method=_bytes(method),
        uri=_bytes(found[2] if found[2].startswith("/") else f"/{found[2]}"),
        host=_bytes(found[1]),
        forwarded_for=_bytes(address),
        preflight=preflight,
    )


def passes(decision: Decision) -> bool:
    """Whether the decision is an Allow."""
    return isinstance(decision, Allow)


def document(explained: Explained, settings: Settings) -> dict[str, Any]:
    """The walk."""
    decision, brand = explained.decision, settings.tokens.brand
    outside = OUTSIDE[decision.reason]
    found: dict[str, Any] = {
        "decision": type(decision).__name__.lower(),
        "reason": decision.reason,
        "status": outside.status,
        "route": None
        if decision.route is None
        else {"name": decision.route.name, "file": str(settings.source), "line": decision.route.line},
        "steps": [{"step": one.name, "broken": one.broken, "words": one.words} for one in explained.steps],
        "remedy": explained.remedy,
    }
    if isinstance(decision, Allow):
        token = decision.token
        found["handle"] = None if token is None else handle(brand, token.kind, token.id)
        found["identity"] = {name.decode("ascii"): value.decode("ascii") for name, value in decision.headers}
    else:
        found["handle"] = decision.handle or None
        found["told_outside"] = outside.proven if decision.proven else outside.stranger
    return found


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
