"""The options that every command has, defined once: `--config` and `--json`, before or behind the command's name; and
`--no-wait`, which those have that take something away.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

_CONFIG, _JSON = "gateway.config", "gateway.json"


def _shared(key: str) -> Callable[[typer.Context, Any], Any]:
    """A value given at any level counts for all; the one behind the command wins."""

    def remember(ctx: typer.Context, value: Any) -> Any:
        if value:
            ctx.meta[key] = value
        return ctx.meta.get(key, value)

    return remember


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        callback=_shared(_CONFIG),
        help="The configuration. Else TOKEN_GATEWAY_CONFIG, ./token-gateway.yaml, or config.yaml or "
        "token-gateway.yaml in /etc/token-gateway.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", callback=_shared(_JSON), help="Print JSON for scripts: exact times, every field."),
]

NoWaitOption = Annotated[
    bool, typer.Option("--no-wait", help="Return at once, and say by when it is effective everywhere.")
]


def wants_json(ctx: typer.Context) -> bool:
    """Whether `--json` was given anywhere on this command line."""
    return bool(ctx.meta.get(_JSON))
