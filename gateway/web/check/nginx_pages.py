"""The refusal pages as files for nginx, which relays no body: the same pages that other proxies carry to a browser."""

from pathlib import Path

from gateway.core.reason import OUTSIDE
from gateway.web.check import refusal
from gateway.web.check.installation import Files, RenderError

_SNIPPET = "refused.conf"


def render(folder: Path, *, support_contact: str, portal: str) -> Files:
    """A page for every code that is told outside, and the lines that have nginx show them from `folder`."""
    if not str(folder).isascii() or set(str(folder)) & set(" ;{}\"'$\\"):
        raise RenderError(f"folder {folder}: nginx would read that otherwise; use one without such characters")
    told = {(one.status, code) for one in OUTSIDE.values() for code in (one.stranger, one.proven) if one.status != 200}
    pages = {
        f"{code}.html": refusal.page(status, code, support_contact, portal).decode("utf-8")
        for status, code in sorted(told)
    }
    lines = "\n".join(
        f'    add_header {name.decode("ascii")} "{value.decode("ascii")}" always;'
        for name, value in refusal.HEADERS
        if name != b"Content-Type"
    )
    return {_SNIPPET: _REFUSED.format(folder=folder, headers=lines), **pages}


_REFUSED = """\
# Token Gateway for nginx: pages that say why, in each server block that the gateway guards, after server.conf:
#
#     include token-gateway/server.conf;
#     include {folder}/refused.conf;
#
# Printed by `token-gateway proxy-config nginx --pages`. Print it again when support_contact, public_url or
# portal.my_account change, and after an update.

error_page 401 403 /_token_gateway_refused/$tg_reason.html;

location ^~ /_token_gateway_refused/ {{
    internal;
    auth_request off;
    alias {folder}/;
    types {{ }}
    default_type "text/html; charset=utf-8";
    etag off;
    if_modified_since off;

    # Lines of its own stop the inherited ones, so those of server.conf stand here again.
    add_header X-Auth-Reason $tg_reason always;
    add_header X-Auth-Status $tg_status always;
    add_header Retry-After $tg_retry_after always;
    add_header Cache-Control no-store always;
    add_header X-Content-Type-Options nosniff always;
{headers}
}}
"""
