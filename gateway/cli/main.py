"""`token-gateway`: the command, its groups, and the one place where errors become words and exit codes.

Commands import what they work with when they run, so that `--help` and shell completion stay quick: a test holds that
none of aiohttp, SQLAlchemy, pydantic, Alembic and rich is imported for it.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from gateway import __version__
from gateway.cli import (
    application,
    audit,
    explain,
    imports,
    init,
    key,
    mail,
    routes,
    serve,
    token,
    token_life,
    token_reach,
    token_revoke,
    user,
)
from gateway.cli.config import config_app
from gateway.cli.failure import INTERNAL, tell, told
from gateway.cli.options import ConfigOption, JsonOption, wants_json
from gateway.cli.output import note, show_json
from gateway.cli.proxy_config import proxy_config
from gateway.cli.store import store_app


class Commands(TyperGroup):
    """The root group: whatever a command raises that an operator can meet leaves as one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except (RuntimeError, BrokenPipeError):  # typer's own Exit and Abort, and a reader that went away
            raise
        except Exception as error:
            known = told(error)
            if known is None:
                raise
            raise tell(known, as_json=wants_json(ctx)) from error


app = typer.Typer(
    name="token-gateway",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forward-auth for any app: scoped, expiring, revocable access tokens behind nginx, Traefik and Caddy.

    \b
    Begin with:
      token-gateway init /etc/token-gateway
      token-gateway serve --config /etc/token-gateway/token-gateway.yaml
      T=$(token-gateway token create --user alice --name ci --scope rest)
      token-gateway explain GET https://app.example.org/api/x --token-file token

    Exit codes: 0 done; 1 explain: refused, audit verify: does not hold; 2 usage, configuration, state, or a refused
    value; 3 not found.
    """


app.command("init")(init.init)


app.command("serve")(serve.serve)
app.command("reload")(serve.reload)
app.add_typer(config_app, name="config")
app.add_typer(key.key_app, name="key")
app.add_typer(store_app, name="store")
app.add_typer(user.user_app, name="user")
app.add_typer(application.application_app, name="app")
token_revoke.register(token.token_app)
token_reach.register(token.token_app)
token_life.register(token.token_app)
mail.register(token.token_app)
app.add_typer(token.token_app, name="token")
app.add_typer(imports.import_app, name="import")
app.add_typer(audit.audit_app, name="audit")
app.add_typer(mail.mail_app, name="mail")
app.command("explain")(explain.explain)
app.command("routes")(routes.routes)
app.command("proxy-config")(proxy_config)


@app.command()
def version(
    config: ConfigOption = None,  # noqa: ARG001  every command has it
    as_json: JsonOption = False,
) -> None:
    """Print the version.

    \b
    Example:
      token-gateway version --json
    """
    if as_json:
        python = ".".join(map(str, sys.version_info[:3]))
        show_json({"version": __version__, "python": python})
    else:
        typer.echo(__version__)


def run() -> None:
    """The entry point of the installed command."""
    try:
        app()
    except Exception as error:  # noqa: BLE001  the boundary to the operator, who gets words and never a traceback
        place = traceback.extract_tb(error.__traceback__)[-1]
        note(
            f"token-gateway: internal error: {type(error).__name__} at {Path(place.filename).name}:{place.lineno}; "
            "please report it, with the output of the same command under TOKEN_GATEWAY_TRACEBACK=1"
        )
        if os.environ.get("TOKEN_GATEWAY_TRACEBACK"):
            traceback.print_exception(error)
        sys.exit(INTERNAL)
