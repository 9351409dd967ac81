"""`token-gateway init`: a working installation in one folder, or nothing at all."""
# ruff: noqa: PLC0415  # imported when a command runs: `--help` stays quick

import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json
from gateway.core.naming import label_flaw

if TYPE_CHECKING:
    from gateway.config import Settings

CONFIG, KEY, DATABASE = "token-gateway.yaml", "token-gateway.key", "token-gateway.db"
ADMINS = "admins"


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; made if need be.", show_default=False)],
    admin: Annotated[
        str | None,
        typer.Option("--admin", metavar="LOGIN", help="The first administrator. Default: you.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an installation: configuration, key file (mode 0600), database, and a first administrator.

    Nothing is overwritten: where one of the files is there already, nothing is changed and the exit code is 2.

    \b
    Example:
      token-gateway init /etc/token-gateway --admin alice
    """
    from gateway.cli.desk import actor

    if config is not None:
        raise Failure("init makes a configuration and reads none", "leave --config away")
    login = actor().partition(":")[2] if admin is None else admin
    flaw = label_flaw(login)
    if flaw is not None:
        raise Failure(f"the administrator's login {flaw.what}", f"{flaw.mend}, with --admin LOGIN")
    folder = folder.absolute()
    _refuse_clash(folder)
    _build(folder, login)
    if as_json:
        show_json({"config": folder / CONFIG, "key_file": folder / KEY, "database": folder / DATABASE, "admin": login})
        return
    note(f"Made {folder / CONFIG}")
    note(f"     {folder / KEY}  (keep a copy apart from the database)")
    note(f"     {folder / DATABASE}")
    note(f"Administrator: {login}, in group {ADMINS}")
    note("")
    note("Next:")
    note(f"  1. write your hosts and routes into {folder / CONFIG}")
    note(f"  2. export TOKEN_GATEWAY_CONFIG={folder / CONFIG}; token-gateway config check")
    note("  3. token-gateway proxy-config nginx      # or traefik, or caddy: what your proxy includes")
    note("  4. token-gateway serve")
    note(f"  5. T=$(token-gateway token create --user {login} --name first --scope rest)")


def _refuse_clash(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise Failure(f"{folder} is not a folder", "nothing was changed; choose another")
    there = [name for name in (CONFIG, KEY, DATABASE, DATABASE + "-wal") if (folder / name).exists()]
    if there:
        raise Failure(f"{folder}: there is a {there[0]} already", "nothing was changed; choose another folder")


def _build(folder: Path, login: str) -> None:
    """Make all of it beside its place, then put it there: what fails half-way leaves nothing behind."""
    import asyncio

    from gateway.cli.desk import load_settings

    parent = folder if folder.is_dir() else folder.parent
    if not parent.is_dir():
        raise Failure(f"{parent}: no such folder", "make it first")
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=".token-gateway-init-", dir=parent))
    except OSError as error:
        raise Failure(f"{parent}: cannot write there: {error.strerror}", "nothing was changed") from error
    try:
        text = files("gateway.cli").joinpath("starter.yaml").read_text("utf-8")
        (unfinished / CONFIG).write_text(text, "utf-8")
        asyncio.run(_fill(load_settings(unfinished / CONFIG), login))
        if not folder.is_dir():
            unfinished.rename(folder)
        else:
            _refuse_clash(folder)
            _put_in_place(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _put_in_place(unfinished: Path, folder: Path) -> None:
    placed: list[str] = []
    try:
        for name in (KEY, DATABASE, CONFIG):
            (unfinished / name).rename(folder / name)
            placed.append(name)
    except OSError:
        for name in placed:
            (folder / name).unlink()
        raise


async def _fill(settings: "Settings", login: str) -> None:
    from gateway.auth.keyring import add_key, load
    from gateway.auth.owners import create_owner
    from gateway.cli.desk import now, opened, operating
    from gateway.core.owner import OwnerKind
    from gateway.store import create

    add_key(settings.key_file)
    keys = load(settings.key_file).keys
    await create(settings.store.url, brand=settings.tokens.brand, keys=keys, now=now)
    async with opened(settings) as desk:
        await create_owner(desk, actor=operating(), kind=OwnerKind.USER, login=login, groups=(ADMINS,))
