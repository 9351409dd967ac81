"""`token-gateway serve` and `reload`: run the gateway, and have the one that runs read its configuration again."""
# ruff: noqa: PLC0415  # see gateway.cli.main

import os
from typing import Annotated, Any

import typer

from gateway.cli.options import ConfigOption, JsonOption

MOST_WORKERS = 256
EXIT_REFUSED = 1  # reload: the old configuration stays


def serve(
    workers: Annotated[
        str | None,
        typer.Option(
            "--workers",
            metavar="N",
            help="So many check workers, and the portal, as processes of their own; `auto`: one for each usable CPU. "
            "Without it, one process does it all.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,  # noqa: ARG001  every command has it; the log is JSON already
) -> None:
    """Answer checks until SIGTERM or Ctrl-C; a second one hastens the end.

    SIGHUP, `token-gateway reload` and a change of the file have the configuration read again; a faulty one is refused
    as a whole, and the old one stays. Does not start, with one line and exit code 2, on a bad configuration, a port in
    use, an unreadable key file, or a database that is missing, newer or not ours.

    \b
    Examples:
      token-gateway serve --config /etc/token-gateway/token-gateway.yaml
      token-gateway serve --workers auto
    """
    number = _number(workers)
    from gateway.runtime.offspring import spawn_all

    children = None if number is None else spawn_all(number)  # before the imports: they have as many
    from gateway.runtime.lean import keep_small

    keep_small()
    from gateway.config.discovery import find
    from gateway.runtime.serve import main

    raise typer.Exit(main(find(config, os.environ), children))


def reload(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Have the running gateway read its configuration again; returns when every process uses it, and says what changed.

    Run it as the gateway's own user or as root, with the same --config. Exit code 1: refused, with every error in it;
    the old configuration stays. Exit code 2: no gateway runs with this configuration.

    \b
    Example:
      token-gateway reload --config /etc/token-gateway/token-gateway.yaml
    """
    from gateway.cli.failure import Failure
    from gateway.cli.output import show_json
    from gateway.config.discovery import find
    from gateway.runtime.control import NobodyServes, ask_to_reload

    try:
        outcome = ask_to_reload(find(config, os.environ))
    except NobodyServes as nobody:
        raise Failure(str(nobody), "start it with `token-gateway serve`, or name its --config") from nobody
    if as_json:
        show_json(outcome)
    else:
        _show(outcome)
    if not outcome["ok"]:
        raise typer.Exit(EXIT_REFUSED)


def _number(workers: str | None) -> int | None:
    if workers is None:
        return None
    if workers == "auto":
        from gateway.runtime.cpus import usable

        return usable()
    if workers.isascii() and workers.isdecimal() and 1 <= int(workers) <= MOST_WORKERS:
        return int(workers)
    raise typer.BadParameter(f"write a number from 1 to {MOST_WORKERS}, or auto", param_hint="--workers")


def _show(outcome: dict[str, Any]) -> None:
    """In words, a refusal on stderr."""
    from gateway.cli.output import note
    from gateway.config import ConfigError

    if outcome["ok"]:
        _show_changes(outcome)
        return
    for error in outcome["errors"]:
        note(str(ConfigError(**error)))
    if outcome["refused"]:
        note(f"token-gateway: {outcome['refused']}")
    note("refused, the old configuration stays")


def _show_changes(outcome: dict[str, Any]) -> None:
    from gateway.cli.output import note

    changed = outcome["changed"]
    typer.echo(f"reloaded: every process uses configuration {outcome['generation']}")
    listed = {
        "routes added": "added",
        "routes removed": "removed",
        "routes changed": "changed",
        "sections changed": "sections",
    }
    for words, key in listed.items():
        if changed[key]:
            typer.echo(f"{words}: {', '.join(changed[key])}")
    if changed["reordered"]:
        typer.echo("routes stand in another order, and the first match decides")
    if not any(changed.values()):
        typer.echo("nothing in it has changed")
    if outcome["needs_restart"]:
        note(f"takes a restart: {', '.join(outcome['needs_restart'])}")
    if outcome["unknown_to_proxies"]:
        names = ", ".join(outcome["unknown_to_proxies"])
        note(f"the proxies do not know these headers, so clients can forge them: {names}")
        note("print their config again with `token-gateway proxy-config`")
