"""`token-gateway store`: back up, restore and describe the database."""
# ruff: noqa: PLC0415  # see gateway.cli.main

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.options import ConfigOption, JsonOption

NAMED = 20  # on the terminal

store_app = typer.Typer(help="Back up, restore and describe the database.", no_args_is_help=True)


@store_app.command("backup")
def backup_store(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to make; it must not exist.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Copy the database to FILE, with mode 0600, while servers go on.

    The key file is not in it: keep a copy of that too, elsewhere.

    \b
    Example:
      token-gateway store backup /var/backups/token-gateway-$(date +%F).db
    """
    import asyncio

    from gateway.cli.desk import load_settings
    from gateway.cli.output import note, show_json
    from gateway.store import backup

    settings = load_settings(config)
    made = asyncio.run(backup(settings.store.url, file))
    if as_json:
        epoch, schema = made.identity.epoch, made.identity.revision
        fields = {"file": made.path, "bytes": made.size, "epoch": epoch, "schema": schema}
        show_json({**fields, "key_file": settings.key_file})
    else:
        typer.echo(made.path)
    note(f"copied {made.size} bytes")
    note(
        f"keep {settings.key_file} with it, in another place: without that key its audit cannot be verified, and a "
        "gateway starts on it only after `token-gateway key new` and `key register`"
    )


@store_app.command("restore")
def restore_store(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `store backup` made.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup in the database's place; what was there is copied beside it first.

    Running servers see it at once and forget what they had cached. Tokens and owners that were stopped after the backup
    was made are not any more: they are named, so that they can be stopped anew.

    \b
    Example:
      token-gateway store restore /var/backups/token-gateway-2026-10-01.db
    """
    import asyncio

    from gateway.auth.desk import MARGIN_S
    from gateway.auth.keyring import load as load_keys
    from gateway.cli.desk import actor, load_settings, now
    from gateway.cli.output import note, show_json
    from gateway.core.token import Kind, handle
    from gateway.store import Restored, describe, restore

    settings = load_settings(config)
    keys = load_keys(settings.key_file).keys

    async def work() -> "Restored":
        done = await restore(settings.store.url, file, actor=actor(), keys=keys, now=now)
        # No server uses what it had cached any more when this returns.
        await asyncio.sleep((await describe(settings.store.url)).bound_ms / 1000 + MARGIN_S)
        return done

    done = asyncio.run(work())
    back, brand = done.back, settings.tokens.brand
    tokens = None if back is None else [handle(brand, Kind(kind), one) for one, kind in back.tokens]
    owners = None if back is None else list(back.owners)
    if as_json:
        told = {"tokens_live_again": tokens, "owners_enabled_again": owners}
        show_json({"restored": file, "epoch": done.epoch, "kept": done.kept, **told})
    note(f"restored {file} under the new epoch {done.epoch}")
    if done.kept is not None:
        note(f"what was there before is in {done.kept}")
    if tokens is None or owners is None:
        note("tokens revoked after that backup was made are live again; revoke them anew")
        return
    if tokens:
        note(f"live again, though revoked or suspended after that backup was made: {_some(tokens)}; revoke them anew")
    if owners:
        note(f"enabled again, though disabled or deleted after it: {_some(owners)}; disable them anew")


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more (--json has all)" if more > 0 else "")


@store_app.command("serve-cached-for")
def serve_cached_for(
    span: Annotated[str, typer.Argument(metavar="SPAN", help="Such as 30s or 5m, at most 1d; 0: not at all.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let workers that cannot reach the database answer from what they remember, for SPAN; at first they refuse.

    It trades the promise of revocation for availability: while a worker is cut off, it goes on to allow what was
    revoked meanwhile, for SPAN at most. Every change then says by when it is effective everywhere. It holds for all
    hosts of the database, at once, but for those that are cut off.

    \b
    Examples:
      token-gateway store serve-cached-for 5m
      token-gateway store serve-cached-for 0
    """
    from gateway.auth.serving_cached import set_serve_cached_for
    from gateway.cli.desk import actor, at_desk
    from gateway.cli.effect import effect_document, effect_words
    from gateway.cli.output import note, show_json
    from gateway.cli.times import span as read_span

    wished = read_span(span, "SPAN")
    effect = at_desk(config, lambda desk: set_serve_cached_for(desk, span=wished, actor=actor()))
    if as_json:
        show_json(
            {"serve_cached_for_s": wished.total_seconds(), "changed": effect is not None, **effect_document(effect)}
        )
        return
    note(f"serve cached for: {span}" + (effect_words(effect) if effect is not None else "; it was that already"))


@store_app.command("info")
def show_store(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the database's file, schema, epoch and counts. Changes nothing, and migrates nothing.

    \b
    Example:
      token-gateway store info --json
    """
    import asyncio
    from dataclasses import asdict

    from gateway.cli.desk import load_settings
    from gateway.cli.output import show_fields, show_json
    from gateway.store import describe

    found = asyncio.run(describe(load_settings(config).store.url))
    if as_json:
        show_json(asdict(found))
        return
    behind = "" if found.schema == found.schema_known else f" (this program brings it to {found.schema_known})"
    show_fields(
        [
            ("file", str(found.path)),
            ("size", f"{found.size} bytes, and {found.log_bytes} in its log"),
            ("schema", found.schema + behind),
            ("brand", found.brand),
            ("epoch", found.epoch),
            ("bound", f"{found.bound_ms} ms until a revocation is effective everywhere"),
            ("serve cached for", f"{found.serve_cached_for_ms / 1000:g} s, when the database is away"),
            ("users", str(found.users)),
            ("applications", str(found.applications)),
            ("tokens", f"{found.tokens} not revoked"),
            ("changes", str(found.changes)),
            ("audit rows", str(found.audit_rows)),
            ("keys", ", ".join(found.keys) or "none"),
            ("SQLite", found.sqlite),
        ]
    )
