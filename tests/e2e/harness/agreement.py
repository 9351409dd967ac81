"""Whether `explain` says of every refusal that the gateway logged during the stories what the check said."""

import asyncio
import json
import re
from datetime import UTC, datetime
from pathlib import Path

from gateway.auth.explain import Question, explain
from gateway.config import load
from gateway.core.credential import NoCredential
from gateway.core.network import Networks
from gateway.core.reason import Reason

# What the path, the host and the method alone decide; every other reason comes after a credential was looked for.
WITHOUT_CREDENTIAL = {"no_route", "route_denies", "no_credential"}
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")


async def _never(*_: object, **__: object) -> None:
    raise AssertionError("nothing was presented")


def disagreements(log: Path, config: Path) -> tuple[int, list[str]]:
    """How many logged refusals were compared, and those that `explain` sees otherwise."""
    settings = load(config, {})
    policy, wrong = settings.policy(), []
    refused = {
        (line["method"], line["host"], line["path"], line["reason"])
        for line in map(json.loads, filter(lambda text: text.startswith("{"), log.read_text().splitlines()))
        if line["event"] == "refused" and line["method"] and "***" not in line["path"] and len(line["path"]) < 256
    }
    for method, host, path, reason in sorted(refused):
        uri = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), path.encode("ascii"))
        asked = Question(method=method.encode(), uri=uri, host=host.encode(), forwarded_for=b"127.0.0.1")
        found = asyncio.run(
            explain(
                policy,
                asked,
                lambda _: NoCredential(),
                skip=Networks(()),
                authenticate=_never,
                load_token=_never,
                now=lambda: datetime.now(UTC),
            )
        ).decision.reason
        if reason in WITHOUT_CREDENTIAL:
            expected = {Reason(reason)}
        elif reason == "ambiguous_request":
            expected = {Reason.AMBIGUOUS_REQUEST, Reason.NO_CREDENTIAL}  # of the path, or of two credentials
        else:
            expected = {Reason.NO_CREDENTIAL}
        if found not in expected:
            wrong.append(f"{method} {host}{path}: the check said {reason}, explain {found}")
    return len(refused), wrong
