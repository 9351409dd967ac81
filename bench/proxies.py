"""nginx and Traefik in front of one app, four ways each: without auth, apr1 and bcrypt passwords, the gateway.

nginx two more: the gateway over a unix socket, and a constant asked in place of the gateway, by the very same config.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml

from bench import heads
from bench.heads import LOGIN
from bench.installation import HOST, Installation
from bench.servers import BIN, Server, first_answer, free_port, nginx, printed, start

WAYS = ("open", "apr1", "bcrypt", "gateway")
NGINX_WAYS = (*WAYS, "unix", "floor")
# The password of heads.py, hashed beforehand as `openssl passwd -apr1` does it, and `htpasswd -B` (bcrypt, cost 5).
HASHES = {
    "apr1": "$apr1$benchmrk$01wPdDAq9.EuGPdHk7x3n0",
    "bcrypt": "$2y$05$qnkrSg13jsGdgA8iIchnmObh2y9..Dwp2jrWOBExTu8fLEYlmNEOK",
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy process, with a port for each way."""

    server: Server
    ports: Mapping[str, int]


SITE = """\
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        server_name {host};
        {server}
        location / {{
            {location}
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://bench_app;
        }}
    }}
"""
UPSTREAM = "upstream bench_app {{ server 127.0.0.1:{app}; keepalive 64; }}\n"


def nginx_front(
    folder: Path, installation: Installation, app_port: int, stack: ExitStack, *, core: int, constant_port: int
) -> Proxy:
    """nginx with the config that `proxy-config nginx` prints, and the same site without it."""
    folder.mkdir()
    printed(installation, "nginx", folder / "token-gateway")
    ports = {way: free_port() for way in NGINX_WAYS}
    http = "include token-gateway/http.conf;\n" + UPSTREAM.format(app=app_port)
    asked = {"unix": f"unix:{installation.socket}", "floor": f"127.0.0.1:{constant_port}"}
    for way, port in ports.items():
        server, location = "", ""
        if way in asked:
            text = (folder / "token-gateway" / "server.conf").read_text("utf-8")
            server = text.replace("http://token_gateway/", f"http://{way}/")
            location = "include token-gateway/location.conf;"
            http += f"upstream {way} {{ server {asked[way]}; keepalive 32; }}\n"
        elif way == "gateway":
            server, location = "include token-gateway/server.conf;", "include token-gateway/location.conf;"
        elif way in HASHES:
            (folder / way).write_text(f"{LOGIN}:{HASHES[way]}\n", "utf-8")
            server = f'auth_basic "bench"; auth_basic_user_file {folder / way};'
        http += SITE.format(port=port, host=HOST, server=server, location=location)
    return Proxy(nginx(folder, http, ports["open"], stack, core=core), ports)


def traefik_front(folder: Path, installation: Installation, app_port: int, stack: ExitStack, *, core: int) -> Proxy:
    """Traefik with the config that `proxy-config traefik` prints, and its own basicAuth beside it."""
    folder.mkdir()
    dynamic = folder / "dynamic"
    printed(installation, "traefik", dynamic)
    ports = {way: free_port() for way in WAYS}
    entry_points: dict[str, dict[str, object]] = {way: {"address": f"127.0.0.1:{port}"} for way, port in ports.items()}
    entry_points["gateway"]["http"] = {"middlewares": ["token-gateway@file"], "aliasHeadersStrategy": "reject"}
    static = {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "providers": {"file": {"directory": str(dynamic)}},
        "entryPoints": entry_points,
    }
    routers = {
        way: {
            "rule": f"Host(`{HOST}`)",
            "entryPoints": [way],
            "service": "app",
            "middlewares": [way] if way in HASHES else [],
        }
        for way in WAYS
    }
    http = {
        "routers": routers,
        "middlewares": {way: {"basicAuth": {"users": [f"{LOGIN}:{HASHES[way]}"]}} for way in HASHES},
        "services": {"app": {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{app_port}"}]}}},
    }
    (dynamic / "bench.yaml").write_text(yaml.safe_dump({"http": http}), "utf-8")
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static), "utf-8")
    argv, log = [str(BIN / "traefik"), f"--configFile={folder / 'traefik.yaml'}"], folder / "traefik.log"
    server = start(argv, ports["open"], log, stack, core=core)
    for way, port in ports.items():  # it listens before it has read its routers
        asked = next(heads.request(heads.authorization(way, installation.tokens[0])))
        first_answer(Server(port, server.process), asked, log)
    return Proxy(server, ports)
