"""`token-gateway config`: check the configuration, describe it to editors, and show what is in effect."""
# ruff: noqa: PLC0415  # see gateway.cli.main

import os
from pathlib import Path

import typer

from gateway.cli.options import ConfigOption, JsonOption

config_app = typer.Typer(help="Check, describe and show the configuration.", no_args_is_help=True)


@config_app.command("check")
def check(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read the configuration and say all that is wrong with it, each with its place and how to mend it.

    Exit code 0 when it holds, 2 when not. Nothing is started or changed; the key file and the database are not opened.

    \b
    Example:
      token-gateway config check --config /etc/token-gateway/token-gateway.yaml
    """
    from gateway.cli.output import show_json
    from gateway.config import find, load

    file = find(config, os.environ)
    settings = load(file, os.environ)
    counts = {
        "routes": len(settings.routes),
        "scopes": len(settings.scopes),
        "groups": len(settings.groups),
        "identity_sets": len(settings.identity),
    }
    if as_json:
        show_json({"ok": True, "file": _printed(file), **counts})
    else:
        words = ", ".join(_counted(count, name.replace("_", " ")) for name, count in counts.items())
        typer.echo(f"ok: {_printed(file)}: {words}")


@config_app.command("schema")
def schema(
    config: ConfigOption = None,  # noqa: ARG001  every command has it
    as_json: JsonOption = False,  # noqa: ARG001  a JSON Schema is JSON already
) -> None:
    """Print the JSON Schema of the configuration, for editors.

    \b
    Example, for editors that use the YAML language server:
      token-gateway config schema > token-gateway.schema.json
      then, as the first line of token-gateway.yaml:
      # yaml-language-server: $schema=token-gateway.schema.json
    """
    from gateway.cli.output import show_json
    from gateway.config.json_schema import json_schema

    show_json(json_schema())


@config_app.command("show")
def show(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the configuration in effect: defaults filled in, groups of routes folded in, paths absolute, no secrets.

    What it prints is a configuration itself. Routes without a name show the one that logs and `explain` give them.

    \b
    Example:
      token-gateway config show --json | jq '.routes[] | select(.public)'
    """
    from gateway.cli.output import show_json
    from gateway.config import find, load
    from gateway.config.show import effective, to_yaml

    settings = load(find(config, os.environ), os.environ)
    if as_json:
        show_json(effective(settings))
    else:
        typer.echo(to_yaml(settings), nl=False)


def _counted(count: int, plural: str) -> str:
    return f"{count} {plural if count != 1 else plural.removesuffix('s')}"


def _printed(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
