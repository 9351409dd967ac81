"""The main job: without a token nobody passes, with a good one the app learns who it is and sees no token."""

import urllib.request
from base64 import b64encode

import pytest

from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import bearer, head, send_raw
from tests.e2e.harness.proxies import Proxy
from tests.e2e.harness.world import Ask, World

READ = "/anything/api/things"


def basic(user: str, token: str) -> tuple[str, str]:
    return ("Authorization", "Basic " + b64encode(f"{user}:{token}".encode()).decode())


TRANSPORTS = {
    "bearer": bearer,
    "bearer-lower-case": lambda token: ("authorization", f"bearer {token}"),
    "token": lambda token: ("Authorization", f"token {token}"),
    "basic": lambda token: basic("", token),
    "basic-login": lambda token: basic("alice", token),
    "basic-__token__": lambda token: basic("__token__", token),
    "auth-token": lambda token: ("Auth-Token", token),
    "x-api-key": lambda token: ("X-API-Key", token),
}


def test_without_a_token_it_is_401_with_one_challenge_line_and_the_app_is_not_reached(
    proxy: Proxy, ask: Ask, app: Recorder
) -> None:
    reply = ask(READ, host="raw.example.org")
    assert reply.status == 401
    [challenge] = reply.all("WWW-Authenticate")
    assert "Bearer" in challenge
    assert "Basic" in challenge
    assert reply.all("X-Auth-Reason") == ["no_credential"]
    assert app.seen == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_good_token_passes_by_every_transport_and_the_app_sees_who_it_is(
    transport: str, proxy: Proxy, ask: Ask, world: World
) -> None:
    token = world.tokens["read"]
    reply = ask(READ, TRANSPORTS[transport](token))
    assert reply.status == 200
    seen = reply.json()["headers"]
    assert seen["X-Auth-User"] == "alice"
    assert seen["X-Auth-Email"] == "alice@example.org"
    assert seen["X-Auth-Groups"] == "staff"
    assert seen["X-Auth-Token-Name"] == "reader"


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_the_app_sees_no_token_in_any_header(
    transport: str, proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = world.tokens["read"]
    header = TRANSPORTS[transport](token)
    assert ask(READ, header, host="raw.example.org").status == 200
    [seen] = app.seen
    assert token not in seen.text()
    assert header[1] not in seen.text()
    assert "".join(seen.all("Authorization") + seen.all("Auth-Token") + seen.all("X-API-Key")) == ""


def test_every_identity_header_arrives_once_at_most_and_those_of_other_sets_are_empty(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    assert ask(READ, bearer(world.tokens["read"]), host="raw.example.org").status == 200
    [seen] = app.seen
    assert seen.all("X-Auth-User") == ["alice"]
    assert "".join(seen.all("X-WEBAUTH-USER")) == ""


def test_a_scope_that_is_missing_is_403(proxy: Proxy, ask: Ask, app: Recorder, world: World) -> None:
    reply = ask(READ, bearer(world.tokens["read"]), host="raw.example.org", method="POST", body=b"x=1")
    assert reply.status == 403
    assert reply.all("X-Auth-Reason") == ["insufficient_scope"]
    assert app.seen == []


def test_a_path_that_no_route_knows_or_that_denies_is_403_for_a_good_token_too(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    for target in ("/", "/anything", "/anything/apiary", "/anything/closed/x", "/admin"):
        assert ask(target, bearer(world.tokens["write"]), host="raw.example.org").status == 403
    assert app.seen == []


def test_a_host_that_no_route_knows_reaches_no_app(proxy: Proxy, ask: Ask, world: World) -> None:
    reply = ask(READ, bearer(world.tokens["read"]), host="other.example.net")
    if proxy.name.startswith("caddy"):
        assert (reply.status, reply.body) == (200, b"")  # Caddy's own answer: no site has the name
    else:
        assert reply.status in {403, 404}


@pytest.mark.parametrize("mangle", [lambda t: t[:-1], lambda t: t + "x", str.upper, lambda t: t[:-1] + "!"])
def test_a_mangled_token_is_401(mangle: object, proxy: Proxy, ask: Ask, world: World) -> None:
    assert callable(mangle)
    assert ask(READ, bearer(mangle(world.tokens["read"]))).status == 401


def test_t01_two_authorization_headers_are_refused_in_both_orders(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    good, bad = bearer(world.tokens["read"]), bearer("x")
    for pair in ((good, bad), (bad, good), (good, bearer(world.tokens["write"]))):
        assert ask(READ, *pair, host="raw.example.org").status in {400, 403}
    assert app.seen == []


def test_two_different_tokens_in_two_transports_are_refused(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    reply = ask(READ, bearer(world.tokens["read"]), ("X-API-Key", world.tokens["write"]), host="raw.example.org")
    assert reply.status == (403 if proxy.is_nginx else 400)
    assert reply.all("X-Auth-Reason") == ["ambiguous_request"]
    assert app.seen == []


def test_a_doubled_token_header_is_refused_where_the_proxy_tells_of_both(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    """nginx before 1.23 knows only the first of two; it is judged, and the app sees neither (docs/nginx.md)."""
    good, other = ("X-API-Key", world.tokens["read"]), ("X-API-Key", world.tokens["write"])
    reply = ask(READ, good, other, host="raw.example.org")
    if proxy.name == "nginx-debian":
        assert reply.status == 200
        assert app.seen[0].all("X-API-Key") == []
        assert app.seen[0].all("X-Auth-Token-Name") == ["reader"]
    else:
        assert reply.status in {400, 401, 403}
        assert app.seen == []


def test_revoked_is_401_as_soon_as_the_command_returns(proxy: Proxy, ask: Ask, world: World) -> None:
    token = world.gateway.token("alice", f"short-lived-{proxy.name}", "rest")
    assert ask(READ, bearer(token)).status == 200
    world.gateway.revoke(token)
    assert ask(READ, bearer(token)).status == 401


def test_a_disabled_owner_is_401_and_passes_again_when_enabled(proxy: Proxy, ask: Ask, world: World) -> None:
    login = f"bob-{proxy.name}"
    world.gateway.prepare("user", "add", login)
    token = world.gateway.token(login, "phone", "rest")
    assert ask(READ, bearer(token)).status == 200
    world.gateway.run("user", "disable", login)
    assert ask(READ, bearer(token)).status == 401
    world.gateway.run("user", "enable", login)
    assert ask(READ, bearer(token)).status == 200


def test_explain_agrees_with_the_proxy(proxy: Proxy, ask: Ask, world: World) -> None:
    for token, path, status in (("read", READ, 200), ("pull", READ, 403), ("read", "/anything/closed/x", 403)):
        assert ask(path, bearer(world.tokens[token])).status == status
        told = world.gateway.explains_as_allowed(world.tokens[token], f"https://app.example.org{path}")
        assert told is (status == 200)


def test_a_public_path_passes_without_a_token_and_with_the_apps_own_authorization(
    proxy: Proxy, ask: Ask, app: Recorder
) -> None:
    own = ("Authorization", "Digest username=app")
    assert ask("/anything/public/x", host="raw.example.org").status == 200
    assert ask("/anything/public/x", own, host="raw.example.org").status == 200
    assert [seen.all("Authorization") for seen in app.seen] in ([[], [own[1]]], [[""], [own[1]]])
    assert "".join(value for seen in app.seen for value in seen.all("X-Auth-User")) == ""


def test_the_gateway_asks_the_browser_for_no_password_but_shows_it_why(proxy: Proxy, ask: Ask) -> None:
    reply = ask(READ, ("Accept", "text/html,application/xhtml+xml"))
    assert reply.status == 401
    assert "Basic" not in "".join(reply.all("WWW-Authenticate"))
    assert b"<html" in reply.body.lower()


def test_a_check_over_the_clients_own_connection_costs_no_connection_to_the_gateway(proxy: Proxy, world: World) -> None:
    """Keep-alive between proxy and gateway: 20 checks, allowed and refused, over a connection or two."""
    before = gateway_connections(world)
    for number in range(20):
        header = [bearer(world.tokens["read"])] if number % 2 else []
        reply = send_raw(proxy.port, head(READ, host="raw.example.org", headers=header))
        assert reply.status == (200 if number % 2 else 401)
    assert gateway_connections(world) - before <= 2


def gateway_connections(world: World) -> int:
    """How many connections the check listener has taken, TCP and unix, as the metrics say."""
    with urllib.request.urlopen(f"http://127.0.0.1:{world.gateway.ops_port}/metrics", timeout=5) as answer:
        metrics = answer.read().decode("ascii")
    [line] = [line for line in metrics.splitlines() if line.startswith("token_gateway_check_connections_total ")]
    return int(float(line.split()[1]))
