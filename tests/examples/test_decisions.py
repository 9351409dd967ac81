"""The examples that operators start from: each loads, and decides as its comments say, through the real policy."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.cli.proxy_config import installation_of
from gateway.config import load
from gateway.config.reader import read
from gateway.core.credential import NoCredential
from gateway.core.decision import Allow, Challenge, choose, decide
from gateway.core.evidence import Proven
from gateway.core.owner import OwnerKind
from gateway.core.policy import Policy
from gateway.core.token import Kind
from gateway.web.check import caddy, nginx, traefik
from tests.builders import NOW, a_stored_secret, a_target, a_token, an_owner

FOLDER = Path(__file__).parents[2] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.yaml"))

# example: the host, the group that may have personal tokens, and rows of: method, target, whose token (kind, scopes,
# further groups; - is none), the address, and the reason with the route that gave it.
ITOP = """
GET  /webservices/rest.php?version=1.3  personal    REST/JSON         -                  token rest
POST /webservices/rest.php              personal    REST/JSON         -                  token rest
POST /webservices/rest.php/             personal    Export            -                  insufficient_scope rest
POST /webservices/rest.php/pages/UI.php personal    Export            -                  insufficient_scope rest
POST /webservices/rest.php              personal    -                 -                  insufficient_scope rest
POST /webservices/rest.php              application REST/JSON         -                  group rest
POST /webservices/rest.php              application REST/JSON         rest-services-user token rest
PUT  /webservices/rest.php              personal    REST/JSON         -                  route_denies other-services
POST /synchro/synchro_import.php        personal    Synchro           -                  token synchro
POST /synchro/synchro_exec.php          application Synchro           -                  token synchro
POST /synchro/synchro_exec.php          personal    REST/JSON,Import  -                  insufficient_scope synchro
POST /webservices/import.php            personal    Import            -                  token import
POST /webservices/import.php            personal    Export            -                  insufficient_scope import
GET  /webservices/export.php?format=csv personal    Export            -                  token export
GET  /webservices/export-v2.php?query=3 personal    Export,Synchro    -                  token export
GET  /webservices/export-v2.php         none        -                 -                  no_credential export
GET  /webservices/cron.php              application Console,REST/JSON -                  route_denies other-services
GET  /webservices/soapserver.php        personal    REST/JSON         -                  route_denies other-services
GET  /webservices//rest.php             personal    REST/JSON         -                  ambiguous_request -
GET  /webservices/%2e%2e/pages/UI.php   application Console           -                  ambiguous_request -
GET  /setup/                            application Console           -                  route_denies inside
GET  /conf/production/config-itop.php   application Console           -                  route_denies inside
GET  /pages/UI.php                      personal    Console           -                  kind console
GET  /pages/UI.php                      application Console           -                  token console
POST /pages/UI.php                      application REST/JSON         -                  insufficient_scope console
GET  /                                  none        -                 -                  no_credential console
"""
RT = """
GET    /REST/1.0/ticket/42/show      personal        rest1            - token rest1
POST   /REST/1.0/ticket/42/edit      personal        rest1            - token rest1
POST   /REST/1.0/ticket/42/edit      personal        rest2-write      - insufficient_scope rest1
GET    /REST/1.0/ticket/42/show      none            -                - no_credential rest1
POST   /REST/1.0/NoAuth/mail-gateway none@192.0.2.25 -                - public mail-gateway
POST   /REST/1.0/NoAuth/mail-gateway none            -                - route_denies no-auth-services
POST   /REST/1.0/NoAuth/mail-gateway personal        rest1            - route_denies no-auth-services
GET    /REST/2.0/tickets?query=id>1  personal        rest2-read       - token rest2-read
GET    /REST/2.0/ticket/42           personal        rest2-write      - token rest2-read
POST   /REST/2.0/tickets             personal        rest2-read       - insufficient_scope rest2-write
PUT    /REST/2.0/ticket/42           application     rest2-write      - token rest2-write
DELETE /REST/2.0/ticket/42           personal        rest2-read,rest1 - insufficient_scope rest2-write
PATCH  /REST/2.0/ticket/42           personal        rest2-write      - route_denies other-rest
GET    /REST/3.0/x                   personal        rest2-read,ui    - route_denies other-rest
GET    /static/css/base.css          none            -                - public static
GET    /NoAuth/iCal/alice/secret     none            -                - route_denies no-auth
GET    /Ticket/Display.html?id=42    personal        ui               - kind pages
GET    /Ticket/Display.html?id=42    application     ui               - token pages
GET    /Ticket/Display.html?id=42    application     rest1            - insufficient_scope pages
GET    /                             none            -                - no_credential pages
GET    /rest/1.0/ticket/42/show      personal        rest1            - kind pages
"""
GIT = """
GET  /tools/x.git/info/refs?service=git-upload-pack        personal    pull      -          token refs
GET  /tools/x.git/info/refs?service=git-receive-pack       personal    push      developers token refs
GET  /tools/x.git/info/refs?service=git-receive-pack       personal    pull      -          token refs
GET  /tools/x.git/info/refs                                none        -         -          no_credential refs
POST /tools/x.git/git-upload-pack                          personal    pull      -          token pull
POST /tools/x.git/git-upload-pack                          personal    push      developers insufficient_scope pull
POST /tools/x.git/git-receive-pack                         personal    push      developers token push
POST /tools/x.git/git-receive-pack                         personal    pull      developers insufficient_scope push
POST /tools/x.git/git-receive-pack?service=git-upload-pack personal    pull      developers insufficient_scope push
POST /tools/x.git/git-receive-pack                         application push      -          group push
POST /tools/x.git/git-upload-pack                          application pull      -          token pull
GET  /tools/x.git/git-receive-pack                         personal    push      developers no_route -
GET  /tools/x.git/HEAD                                     personal    pull      -          no_route -
GET  /tools/x.git/objects/info/packs                       personal    pull      -          no_route -
GET  /tools/x.git/info/refs/../../objects/info/packs       personal    pull      -          no_route -
POST /home/alice/x.git/git-receive-pack                    personal    push      -          token own-push
GET  /home/alice/x.git/info/refs                           personal    pull      -          token own-refs
POST /home/alice/x.git/git-upload-pack                     personal    pull      -          token own-pull
GET  /home/bob/x.git/info/refs                             personal    pull,push developers login own-refs
POST /home/bob/x.git/git-receive-pack                      personal    push      developers login own-push
POST /home/bob/deep/x.git/git-receive-pack                 personal    push      developers route_denies others-home
"""
GRAFANA = """
GET    /api/health                   none@10.1.2.3 -             -       public health
GET    /api/health                   none          -             -       no_credential read
GET    /api/health                   personal      grafana-read  -       token read
GET    /metrics                      application   grafana-read  -       route_denies metrics
GET    /metrics/                     none@10.1.2.3 -             -       route_denies metrics
GET    /api/dashboards/uid/abc       personal      grafana-read  -       token read
GET    /api/search?query=x           personal      grafana-write -       token read
POST   /api/ds/query                 personal      grafana-read  -       token query
POST   /api/dashboards/db            personal      grafana-read  editors insufficient_scope write
POST   /api/dashboards/db            personal      grafana-write -       group write
POST   /api/dashboards/db            personal      grafana-write editors token write
DELETE /api/dashboards/uid/abc       application   grafana-write editors token write
POST   /api/serviceaccounts/2/tokens personal      grafana-write editors route_denies no-credentials
POST   /api/auth/keys                personal      grafana-write editors route_denies no-credentials
PUT    /api/user/password            personal      grafana-write editors route_denies no-credentials
GET    /api/admin/settings           application   grafana-read  -       route_denies no-credentials
POST   /login                        application   grafana-read  -       route_denies no-credentials
GET    /render/d-solo/abc            personal      grafana-read  -       token read
GET    /d/abc/nodes                  personal      grafana-read  -       kind pages
GET    /d/abc/nodes                  application   grafana-read  -       token pages
GET    /d/abc/nodes                  none          -             -       no_credential pages
"""
TABLES = {
    "itop": ("itop.example.org", "itop-tokens", ITOP),
    "rt": ("rt.example.org", "rt-tokens", RT),
    "git": ("git.example.org", "developers", GIT),
    "grafana": ("grafana.example.org", "staff", GRAFANA),
}
ROWS = [(name, row) for name, (_, _, table) in TABLES.items() for row in table.strip().splitlines()]


@cache
def policy_of(name: str) -> Policy:
    return load(FOLDER / f"{name}.yaml", {}).policy()


def decided(name: str, method: str, target: str, who: str, scopes: str, groups: str):
    """What the example says to a request of alice, or of the application cron."""
    host, holders, _ = TABLES[name]
    kind, _, address = who.partition("@")
    asked = a_target(target, method, host=host, address=address or "203.0.113.9")
    policy = policy_of(name)
    demands = choose(policy, asked)
    if not isinstance(demands, tuple):
        return demands
    if kind == "none":
        return decide(policy, asked, demands, NoCredential(), NOW)
    further = () if groups == "-" else tuple(groups.split(","))
    if kind == "application":
        owner = an_owner("cron", kind=OwnerKind.APPLICATION, groups=further)
    else:
        owner = an_owner("alice", groups=tuple({holders, *further}))
    named = frozenset() if scopes == "-" else frozenset(scopes.split(","))
    token = a_token(owner, kind=Kind(kind), scopes=named)
    return decide(policy, asked, demands, Proven(token=token, owner=owner, secret=a_stored_secret(token)), NOW)


@pytest.mark.parametrize(("name", "row"), ROWS, ids=lambda value: re.sub(r" +", " ", value))
def test_a_request_is_decided_as_the_example_says(name: str, row: str) -> None:
    method, target, who, scopes, groups, reason, route = row.split()

    decision = decided(name, method, target, who, scopes, groups)

    assert decision.reason.value == reason
    assert decision.route is None or route in {"-", decision.route.name}
    assert isinstance(decision, Allow) is (reason in {"token", "public"})


def test_every_example_has_its_table_and_every_route_a_row() -> None:
    assert {path.stem for path in EXAMPLES} == set(TABLES)
    for path in EXAMPLES:
        rows = TABLES[path.stem][2].strip().splitlines()
        assert {route.name for route in load(path, {}).routes} <= {row.split()[-1] for row in rows}


@pytest.mark.parametrize(("name", "more"), [("itop", "old-reports"), ("rt", "old-scripts"), ("git", "lfs")])
def test_what_an_example_has_switched_off_can_be_switched_on(name: str, more: str) -> None:
    path = FOLDER / f"{name}.yaml"
    on = re.sub(r"^( *)#(?=- \{)", r"\1", path.read_text("utf-8"), flags=re.MULTILINE)

    names = [route.name for route in read(on.encode(), path=path, env={}).routes]

    assert set(names) - {route.name for route in load(path, {}).routes} == {more}


def test_rt_s_rest_2_can_be_given_its_own_credential_for_each_login(tmp_path: Path) -> None:
    """R34: as the comment in rt.yaml says."""
    text = (FOLDER / "rt.yaml").read_text("utf-8")
    [wanted] = re.findall(r"authorization: \{secret_file: rt-tokens\},", text)
    for route in ("rest2-read", "rest2-write"):
        text = text.replace(f"{{name: {route},", f"{{name: {route}, {wanted}")
    (tmp_path / "rt-tokens").mkdir(mode=0o700)
    (tmp_path / "rt-tokens" / "alice").write_text("token 1-14-0123456789abcdef0123456789abcdef\n", "utf-8")
    (tmp_path / "rt-tokens" / "alice").chmod(0o600)

    routes = {route.name: route for route in read(text.encode(), path=tmp_path / "rt.yaml", env={}).routes}

    assert routes["rest2-read"].app_secret == routes["rest2-write"].app_secret is not None
    assert routes["rest1"].app_secret is None


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_trusts_this_host_alone_and_keeps_tokens_from_the_app(path: Path) -> None:
    settings = load(path, {})

    assert [str(network) for network in settings.trusted_proxies.networks.members] == ["127.0.0.1/32", "::1/128"]
    assert {route.authorization for route in settings.routes if route.access.value != "public"} == {"strip"}
    assert urlsplit(settings.public_url).scheme == "https"


@pytest.mark.parametrize("render", [nginx.render, traefik.render, caddy.render], ids=["nginx", "traefik", "caddy"])
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_proxy_can_be_told_about_an_example_and_every_header_of_it(path: Path, render) -> None:
    settings = load(path, {})

    printed = "".join(render(installation_of(settings)).values()).lower()

    assert all(header.name.lower() in printed for one in settings.identity.values() for header in one)


@pytest.mark.parametrize("name", ["itop", "rt"])
def test_a_browser_at_a_guarded_page_is_challenged_and_no_token_makes_it_a_session(name: str) -> None:
    """R15: the pages refuse personal tokens, whatever scopes they have."""
    page = {"itop": "/pages/UI.php", "rt": "/Ticket/Display.html"}[name]
    every = ",".join(load(FOLDER / f"{name}.yaml", {}).scopes)
    assert decided(name, "GET", page, "personal", every, "-").reason.value == "kind"
    assert isinstance(decided(name, "GET", page, "none", "-", "-"), Challenge)


def test_grafana_learns_of_the_login_in_its_own_header_and_of_no_group_but_its_own() -> None:
    decision = decided("grafana", "GET", "/api/search", "personal", "grafana-read", "editors")
    headers = {name: set(value.split(b",")) for name, value in decision.headers}
    assert headers[b"X-WEBAUTH-USER"] == {b"alice"}
    assert headers[b"X-WEBAUTH-GROUPS"] == {b"staff", b"editors"}
    assert headers[b"X-Auth-User"] == {b""}
