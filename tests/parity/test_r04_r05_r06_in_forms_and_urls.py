"""R04, R05, R06: tokens in forms and URLs, where a route lists them, on a serving process; no log shows one."""

import http.client

import pytest

from tests.installation import Installation, an_installation
from tests.process.serving import Serving

ROUTES = """\
  - {name: url, host: app.example.org, path: "/url/**", authenticated: true, credentials: [bearer, "query:auth_token"]}
  - {name: form, host: app.example.org, path: "/form/**", authenticated: true, credentials: [bearer, "form:auth_token"]}
logs: {level: debug}
"""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def token(serving):
    return serving.installation.token()


@pytest.fixture(scope="module")
def serving(template, tmp_path_factory):
    made = Serving(an_installation(template, tmp_path_factory.mktemp("transports") / "gw"))
    made.write(ROUTES)
    made.start()
    yield made
    made.stop()


def ask(serving, uri, headers=(), body=None, dialect="traefik"):
    """One check; the status and what the client is told."""
    prefix = "X-Original-" if dialect == "nginx" else "X-Forwarded-"
    facts = {f"{prefix}Method": "POST", f"{prefix}URI": uri, "X-Forwarded-For": "192.0.2.7"}
    facts |= {"Host": "app.example.org"} if dialect == "nginx" else {"X-Forwarded-Host": "app.example.org"}
    connection = http.client.HTTPConnection("127.0.0.1", serving.check, timeout=10)
    try:
        connection.request("GET", f"/check/{dialect}", body=body, headers=facts | dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("X-Auth-Reason")
    finally:
        connection.close()


@pytest.mark.parametrize("dialect", ["nginx", "traefik", "caddy"])
def test_r05_a_token_in_the_url_passes_where_the_route_lists_it(serving, token, dialect):
    assert ask(serving, f"/url/x?a=1&auth_token={token}", dialect=dialect) == (200, None)
    assert ask(serving, f"/form/x?auth_token={token}", dialect=dialect) == (401, "no_credential")
    assert ask(serving, f"/api/x?auth_token={token}", dialect=dialect)[0] in {401, 403}
    doubled = ask(serving, f"/url/x?auth_token={token}&auth_token[]={token}", dialect=dialect)
    assert doubled == (403 if dialect == "nginx" else 400, "ambiguous_request")


def test_r04_a_token_in_a_form_passes_where_the_route_lists_it_and_the_proxy_brings_bodies(serving, token):
    body = f"operation=list&auth_token={token}"
    assert ask(serving, "/form/x", FORM, body) == (200, None)
    assert ask(serving, "/url/x", FORM, body) == (401, "no_credential")
    assert ask(serving, "/form/x", FORM, body, dialect="nginx") == (401, "no_credential")
    assert ask(serving, "/form/x", FORM, body + "&auth_token=x") == (400, "ambiguous_request")
    assert ask(serving, "/form/x", FORM, body + "&a=" + "a" * 70_000) == (400, "ambiguous_request")


@pytest.mark.parametrize("mode", ["form", "url", "basic", "token", "external", "cas", ""])
def test_r06_the_legacy_login_mode_is_tolerated_and_never_obeyed(serving, token, mode):
    assert ask(serving, f"/url/x?login_mode={mode}&auth_token={token}") == (200, None)
    assert ask(serving, "/form/x", FORM, f"login_mode={mode}&auth_token={token}") == (200, None)
    assert ask(serving, f"/form/x?login_mode={mode}&auth_token={token}") == (401, "no_credential")
    assert ask(serving, f"/url/x?login_mode={mode}", FORM, f"auth_token={token}") == (401, "no_credential")


def test_r05_r31_no_log_and_no_metric_shows_a_presented_value(serving, token):
    secret = token.rsplit("_", 1)[1]
    wrong = token[:-10] + "CANARYCANA"
    for value in (token, wrong):
        for dialect in ("nginx", "traefik", "caddy"):
            ask(serving, f"/url/x?auth_token={value}&auth_token={value}", dialect=dialect)
            ask(serving, f"/url/x?auth_token={value};", dialect=dialect)
            ask(serving, f"/nowhere/{value};auth_token={value}?auth_token={value}", dialect=dialect)
            ask(serving, f"/nowhere//x%3Fauth_token={value}", dialect=dialect)
            ask(serving, f"/url/x?auth_token={value}\x7f", dialect=dialect)
        ask(serving, "/form/x", FORM, f"auth_token={value}&auth_token={value}")
        ask(serving, "/form/x", FORM | {"Content-Encoding": "gzip"}, f"auth_token={value}")
        serving.get(serving.check, f"/check/traefik?auth_token={value}")
        serving.get(serving.ops, f"/nothing?auth_token={value}")
    shown = serving.log.read_text() + serving.get(serving.ops, "/metrics")[2].decode()
    assert '"path": "/url/x"' in shown
    assert secret not in shown
    assert "CANARYCANA" not in shown


def test_explain_reads_the_url_as_a_check_does(serving, token):
    installation: Installation = serving.installation
    secret = installation.folder / "token"
    secret.write_text(token)
    url = f"https://app.example.org/url/x?auth_token={token}"
    passed = installation.ok("explain", "GET", url)
    assert token not in passed.out
    installation.ok("explain", "GET", url, "--token-file", str(secret))
    other = installation.token("other")
    for query in (f"auth_token={other}", f"auth_token={token}&auth_token={token}"):
        refused = installation.run(
            "explain", "GET", f"https://app.example.org/url/x?{query}", "--token-file", str(secret), "--json"
        )
        assert (refused.code, refused.json["reason"]) == (1, "ambiguous_request")
