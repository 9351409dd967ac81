"""What a refused browser sees: the gateway's own page, by Traefik and Caddy as it is, by nginx from files."""

from pathlib import Path

import pytest

from tests.e2e.harness.client import Reply, bearer, head, send_raw
from tests.e2e.harness.proxies import KINDS, Proxy, start_nginx
from tests.e2e.harness.world import Ask, World

READ, CLOSED = "/anything/api/things", "/anything/closed/x"
HTML = ("Accept", "text/html,application/xhtml+xml")
HEADLINES = {"no_credential": "This page needs an access token", "forbidden": "You may not come here"}


def looks_right(reply: Reply, status: int, reason: str) -> None:
    """Whole, by our own policy, and with nothing of the request in it."""
    text = reply.body.decode("utf-8")
    assert (reply.status, reply.all("X-Auth-Reason")) == (status, [reason])
    assert f"<h1>{HEADLINES[reason]}</h1>" in text
    assert "<b>Whom to ask</b>" in text
    assert ('href="https://gateway.example.org/"' in text) == (reason == "no_credential")
    assert reply.all("Content-Type") == ["text/html; charset=utf-8"]
    assert reply.all("Cache-Control") == ["no-store"]
    assert reply.all("X-Content-Type-Options") == ["nosniff"]
    [policy] = reply.all("Content-Security-Policy")
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "anything" not in text


def test_a_refused_browser_reads_what_happened_and_where_tokens_are_made(proxy: Proxy, ask: Ask, world: World) -> None:
    refused = ask(READ, HTML), ask(CLOSED, HTML, bearer(world.tokens["read"]))
    if proxy.is_nginx:  # its own pages, until it is given ours: see below
        assert [(reply.status, b"nginx" in reply.body) for reply in refused] == [(401, True), (403, True)]
        return
    looks_right(refused[0], 401, "no_credential")
    looks_right(refused[1], 403, "forbidden")
    assert ask(READ).body == b"no_credential\n", "a program reads a line"


@pytest.mark.parametrize("kind", [name for name in KINDS if name.startswith("nginx")])
def test_nginx_shows_the_same_pages_from_files(kind: str, world: World, tmp_path: Path) -> None:
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind} is missing ({KINDS[kind].mend})")
    world.gateway.run("proxy-config", "nginx", "--pages", str(tmp_path / "refused"))
    include = f"\n    include {tmp_path}/refused/refused.conf;\n"
    nginx = start_nginx(kind, binary, tmp_path, world.gateway, world.apps, more=include)

    def ask(target: str, *headers: tuple[str, str], method: str = "GET") -> Reply:
        return send_raw(nginx.port, head(target, host="raw.example.org", headers=(HTML, *headers), method=method))

    try:
        token = bearer(world.tokens["read"])
        refused = ask(READ)
        looks_right(refused, 401, "no_credential")
        [challenge] = refused.all("WWW-Authenticate")
        assert "Bearer" in challenge
        looks_right(ask(CLOSED, token), 403, "forbidden")
        assert ask(READ, token).status == 200
        for target in ("/_token_gateway_refused/expired.html", "/_token_gateway_refused/refused.conf"):
            assert ask(target, token).status in {403, 404}, "nobody may ask for the files themselves"
    finally:
        nginx.program.stop()
