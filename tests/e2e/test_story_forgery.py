"""What a client forges does not survive: neither an identity for the app nor a fact for the gateway."""

import pytest

from tests.attacks.corpus import attack
from tests.e2e.harness.apps import Recorder, Seen
from tests.e2e.harness.client import Reply, bearer
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

READ = "/anything/api/things"
PUBLIC = "/anything/public/x"
IDENTITY = ("X-Auth-User", "X-Auth-Email", "X-Auth-Groups", "X-Auth-Token-Name", "X-WEBAUTH-USER")
FORGED_FACTS = (
    ("X-Forwarded-Method", "GET"),
    ("X-Forwarded-Uri", PUBLIC),
    ("X-Forwarded-Host", "evil.example.net"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Forwarded-Prefix", "/anything/public"),
    ("X-Original-URI", PUBLIC),
    ("X-Original-URL", f"http://app.example.org{PUBLIC}"),
    ("X-Original-Method", "GET"),
    ("X-Original-Host", "evil.example.net"),
    ("X-Rewrite-URL", PUBLIC),
    ("X-HTTP-Method-Override", "GET"),
    ("X-Real-IP", "10.0.0.1"),
    ("Forwarded", f"for=10.0.0.1;host=evil.example.net;path={PUBLIC}"),
)


def folded(seen: Seen) -> dict[str, list[str]]:
    """The request's headers as CGI, WSGI and PHP read them: `-`, `_` and `.` are one."""
    variables: dict[str, list[str]] = {}
    for name, value in seen.headers:
        variables.setdefault(name.upper().replace("-", "_").replace(".", "_"), []).append(value)
    return variables


@attack("H14")
@pytest.mark.parametrize("name", IDENTITY)
@pytest.mark.parametrize("spell", [str, str.lower, str.upper], ids=["as-is", "lower", "upper"])
@pytest.mark.parametrize("target", [READ, PUBLIC], ids=["guarded", "public"])
def test_h14_a_forged_identity_does_not_reach_the_app_on_guarded_and_public_paths(
    name: str, spell: type[str], target: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    headers = [(spell(name), "mallory"), (spell(name), "mallory2")]
    if target == READ:
        headers.append(bearer(world.tokens["read"]))
    assert ask(target, *headers, host="raw.example.org").status == 200
    [seen] = app.seen
    assert "mallory" not in seen.text()


@attack("H15")
@pytest.mark.parametrize("alias", ["X_Auth_User", "x_auth_user", "X.Auth.User", "X_Auth-User", "X-Auth.User"])
@pytest.mark.parametrize("target", [READ, PUBLIC], ids=["guarded", "public"])
def test_h15_an_alias_that_apps_read_as_an_identity_header_does_not_reach_the_app(
    alias: str, target: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    reply = ask(target, (alias, "mallory"), bearer(world.tokens["read"]), host="raw.example.org")
    if proxy.name == "traefik":
        assert reply.status == 400
        assert app.seen == []
    else:
        assert reply.status == 200
        assert "mallory" not in app.seen[0].text()


@attack("H07")
@pytest.mark.parametrize("alias", ["X_API_Key", "Auth_Token"])
def test_h07_an_alias_of_a_token_header_is_no_credential(
    alias: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    reply = ask(READ, (alias, world.tokens["read"]), host="raw.example.org")
    assert reply.status == (400 if proxy.name == "traefik" else 401)
    assert app.seen == []


@attack("H05", "H06", "H10", "H11", "H12")
def test_h05_h06_forged_facts_change_no_answer(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    token = bearer(world.tokens["read"])
    for name, value in FORGED_FACTS:
        assert ask(READ, (name, value), host="raw.example.org").status == 401
        assert ask("/anything/closed/x", token, (name, value), host="raw.example.org").status == 403
        assert ask(READ, token, (name, value), host="raw.example.org", method="DELETE").status == 403
    assert app.seen == []
    assert ask(READ, *FORGED_FACTS, host="raw.example.org").status == 401
    assert ask(READ, token, *FORGED_FACTS, host="raw.example.org").status == 200


def test_doubled_forged_facts_change_no_answer(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    token = bearer(world.tokens["read"])
    for name, value in FORGED_FACTS:
        assert ask("/anything/closed/x", token, (name, value), (name, "other"), host="raw.example.org").status == 403
        assert ask(READ, token, (name, value), (name, "other"), host="raw.example.org").status == 200


@attack("H17")
def test_h17_connection_cannot_take_the_identity_away_from_the_app(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    """Caddy C3: a header named in Connection would be dropped between Caddy and the app."""
    for listed in ("X-Auth-User", "close, x-auth-user", "X-Auth-Groups,X-Auth-User , keep-alive"):
        app.seen.clear()
        reply = ask(READ, ("Connection", listed), bearer(world.tokens["read"]), host="raw.example.org")
        assert reply.status == 200
        assert app.seen[0].all("X-Auth-User") == ["alice"]


@attack("H17")
def test_h17_connection_cannot_take_the_facts_or_the_credential_away_from_the_check(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    listed = "Authorization, X-Forwarded-Uri, X-Forwarded-Method, X-Forwarded-Host, X-Forwarded-For, X-Original-URI"
    reply = ask("/anything/closed/x", ("Connection", listed), bearer(world.tokens["read"]), host="raw.example.org")
    assert reply.status in {400, 401, 403}
    reply = ask(READ, ("Connection", listed), bearer(world.tokens["read"]), host="raw.example.org")
    assert reply.status in {200, 400, 401, 403}
    assert all(not any(world.tokens["read"] in value for _, value in seen.headers) for seen in app.seen)


def test_a_forged_host_is_another_site_and_not_another_policy(proxy: Proxy, ask: Ask, app: Recorder) -> None:
    for host in ("localhost", "evil.example.net", "app.example.org.", "raw.example.org:80"):
        reply = ask("/anything/closed/x", host=host)
        assert reply.status in {401, 403, 404} or is_caddys_empty_answer(proxy, reply)
    assert app.seen == []


def is_caddys_empty_answer(proxy: Proxy, reply: Reply) -> bool:
    """What Caddy says for a host that none of its sites has: no app and no gateway is asked."""
    return proxy.name.startswith("caddy") and (reply.status, reply.body) == (200, b"")


@attack("P20")
def test_p20_absolute_form_is_judged_by_the_host_that_is_served(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    """nginx N2: the request line names the site, the Host header another one."""
    token = bearer(world.tokens["pull"])  # good for localhost alone
    reply = ask("http://raw.example.org/anything/api/x", token, host="localhost")
    assert reply.status in {400, 403}
    assert app.seen == []


@attack("H01")
def test_h01_a_method_override_is_no_other_method(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    token = bearer(world.tokens["read"])
    override = ("X-HTTP-Method-Override", "GET")
    assert ask(READ, token, override, host="raw.example.org", method="DELETE").status == 403
    assert app.seen == []


def test_the_check_endpoint_is_not_reachable_through_the_proxy(proxy: Proxy, ask: Ask, app: Recorder) -> None:
    for target in ("/_token_gateway", "/_token_gateway?x=1", "/check/nginx", "/check/traefik", "/check/caddy"):
        assert ask(target, host="raw.example.org").status == (404 if proxy.is_nginx and "_token" in target else 403)
    assert app.seen == []


def test_folding_apps_read_one_identity(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    forged = [(name, "mallory") for name in ("X-Auth-User", "x-auth-USER", "X-AUTH-USER")]
    assert ask(READ, *forged, bearer(world.tokens["read"]), host="raw.example.org").status == 200
    assert folded(app.seen[0])["X_AUTH_USER"] == ["alice"]
