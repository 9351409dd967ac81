"""`token-gateway key`: the installation's key file."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

from typing import TYPE_CHECKING

import typer

from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json

if TYPE_CHECKING:
    from gateway.auth.desk import Desk

key_app = typer.Typer(help="The key file: make keys, make them known to the store.", no_args_is_help=True)


@key_app.command("new")
def new(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Put a new key at the head of the key file (mode 0600), and make the file if there is none.

    The keys below it stay and keep working. Register the new one before you restart the gateway.

    \b
    Example:
      token-gateway key new && token-gateway key register
    """
    from gateway.auth.keyring import add_key, load
    from gateway.cli.desk import load_settings

    settings = load_settings(config)
    if settings.key_file.exists():
        load(settings.key_file)  # a file that is not a key file is not written to
    key = add_key(settings.key_file)
    if as_json:
        show_json({"key": key.id, "key_file": settings.key_file})
        return
    note(f"Key {key.id} is the current one of {settings.key_file}.")
    note("Next: `token-gateway key register`, then restart the gateway. Keep a copy apart from the database.")


@key_app.command("register")
def register(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Make the keys of this host's key file known to the store. Each host of a store does that once for its own.

    \b
    Example:
      token-gateway key register
    """
    from gateway.cli.desk import actor, at_desk

    async def work(desk: "Desk") -> tuple[list[str], list[str]]:
        new: list[str] = []
        known: list[str] = []
        async with desk.store.change(actor=actor()) as change:
            for key in desk.keyring.keys:
                (new if await change.register_key(key) else known).append(key.id)
        return new, known

    new, known = at_desk(config, work, registering=True)
    if as_json:
        show_json({"registered": new, "known": known})
        return
    for key_id in new:
        note(f"Key {key_id} is registered.")
    for key_id in known:
        note(f"Key {key_id} was registered already.")
