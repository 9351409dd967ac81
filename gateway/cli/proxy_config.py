"""`token-gateway proxy-config`: the include files that make a proxy ask this installation."""
# ruff: noqa: PLC0415  # what a command works with is imported when it runs

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.failure import Failure
from gateway.cli.options import ConfigOption, JsonOption
from gateway.cli.output import note, show_json

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.web.check.installation import Files, Installation


class ProxyName(StrEnum):
    """The proxies whose config can be printed."""

    NGINX = "nginx"
    TRAEFIK = "traefik"
    CADDY = "caddy"


def proxy_config(
    proxy: Annotated[ProxyName, typer.Argument(help="The proxy that will ask.", metavar="nginx|traefik|caddy")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Write the files into this folder instead of printing."),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Where the proxy reaches the gateway, such as gateway:9191 in a container network. Else the first of "
            "listen.check that this proxy can dial.",
            show_default=False,
        ),
    ] = None,
    pages: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="For nginx, which relays no page of the gateway's: write those that refused browsers see into this "
            "folder, and refused.conf with the lines that show them.",
            show_default=False,
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the config that makes a proxy ask this installation, complete: facts, identity, strips, timeouts.

    The files say in their first lines where they belong. Print them again when `listen.check`, `identity` or
    `credentials` change: a header that is missing there is one that a client can forge.

    \b
    Examples:
      token-gateway proxy-config nginx --output /etc/nginx/token-gateway
      token-gateway proxy-config nginx --pages /etc/nginx/token-gateway/refused
      token-gateway proxy-config traefik > /etc/traefik/dynamic/token-gateway.yaml
      token-gateway proxy-config caddy --address gateway:9191 > /etc/caddy/token-gateway.caddy
    """
    from gateway.config import find, load
    from gateway.web.check import caddy, nginx, traefik
    from gateway.web.check.dialects import DIALECTS
    from gateway.web.check.installation import RenderError

    render = {ProxyName.NGINX: nginx.render, ProxyName.TRAEFIK: traefik.render, ProxyName.CADDY: caddy.render}[proxy]
    settings = load(find(config, os.environ), os.environ)
    if pages is not None:
        _write_pages(proxy, pages, settings)
        if output is None:
            return
    try:
        installation = installation_of(settings, address)
        files = render(installation)
    except RenderError as error:
        raise Failure(str(error)) from error
    if installation.form_routes and not DIALECTS[proxy.value].carries_form:
        note(
            f"{proxy.value} hands the gateway no bodies: a token in a form is not found there. form: is listed by "
            f"{', '.join(installation.form_routes)}; put Traefik in front of it, or list another way too"
        )
    if output is not None:
        _write(output, files)
    elif as_json:
        show_json({"proxy": proxy.value, "files": files})
    else:
        typer.echo("\n".join(files.values()), nl=False)


def _write_pages(proxy: ProxyName, folder: Path, settings: "Settings") -> None:
    from gateway.web.check import nginx_pages
    from gateway.web.check.installation import RenderError

    if proxy is not ProxyName.NGINX:
        raise Failure(f"{proxy.value} shows refused browsers the gateway's own page: leave --pages out")
    whole, contact = folder.absolute(), settings.support_contact
    try:
        files = nginx_pages.render(whole, support_contact=contact, portal=settings.token_pages_url)
    except RenderError as error:
        raise Failure(str(error)) from error
    _write(whole, files)


def _write(folder: Path, files: "Files") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
        note(f"wrote {folder / name}")


def installation_of(settings: "Settings", address: str | None = None) -> "Installation":
    """What the renderers need of the settings; names as they are written first, in the order of the file."""
    from gateway.config import UnixListener
    from gateway.web.check.installation import Installation, distinct

    listeners = tuple(
        f"unix:{one.unix}" if isinstance(one, UnixListener) else str(one) for one in settings.listen.check
    )
    return Installation(
        check_addresses=listeners if address is None else (address,),
        identity_headers=distinct(header.name for one in settings.identity.values() for header in one),
        login_headers=distinct(
            name
            for one in settings.identity.values()
            for name in [header.name for header in one if header.field == "login"][:1]
        ),
        credential_headers=distinct(
            [
                "Authorization",
                *(
                    way.removeprefix("header:")
                    for route in settings.routes
                    for way in route.credentials
                    if way.startswith("header:")
                ),
            ]
        ),
        strips_cookies=any(route.cookies == "strip" for route in settings.routes),
        preflight=any(route.allow_preflight for route in settings.routes),
        form_routes=tuple(
            route.name for route in settings.routes if any(way.startswith("form:") for way in route.credentials)
        ),
    )
