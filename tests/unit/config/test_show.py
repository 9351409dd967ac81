"""What `config show` prints is a configuration, and means the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.config import Settings
from gateway.config.reader import read
from gateway.config.show import effective, to_yaml

HERE = Path(__file__).parent
EVERYTHING = r"""
listen:
  check: ["[::1]:9191", {unix: /run/b, mode: "0600", group: www-data}, "unix:/run/c"]
public_url: https://gateway.example.org
realm: "y"
support_contact: "$${NOT_PUT_IN}: #1 \"help\" {desk}"
trusted_proxies: ["10.0.0.0/8", unix, "::1"]
client_address: {skip: ["192.0.2.0/24"]}
tokens: {basic_users: [], personal: {default_lifetime: 90s, max_lifetime: 36h, max_per_owner: unlimited}}
groups: ["y", "no", "0777", "12", "1.5", "true", "2026-11-22"]
permissions: {users: ["y", everyone], own_tokens: []}
scopes: {"on": "off", "12:30": "", "null": "~"}
identity: {default: {}, wiki: {X-Wiki-Groups: {field: groups, only: ["no", "y"]}}}
defaults: {identity: wiki, authorization: keep, cookies: strip, credentials: "header:X-Key"}
limits: {failures: unlimited, token: 90/m burst 5, tracked: 1000}
caches: {tokens: 100000}
logs: {level: debug, format: console}
mail: {host: "::1", security: none, plain_to: "::1", from: "a+b@example.org", timeout: 3s, before_expiry: []}
routes:
  - {host: ["*.example.org", "[::1]"], path: [/a, "/b/**", "/café/*"], methods: [GET, PROPFIND], scopes: {all: ["on"]}}
  - {host: "*", path: "/{login}/**", authenticated: true, kinds: personal, groups: ["no"], waive_groups_for: personal,
     networks: ["10.0.0.0/8", "::1"], credentials: [basic, bearer], challenge: [bearer, basic], lenient: encoded_slash,
     paths: windows, allow_preflight: true, identity: default, authorization: strip, cookies: keep, from: 10.0.0.0/8}
  - {name: "no", host: "*", path: /w, paths: windows, public: true, lenient: [semicolon], rate: 10/s}
  - host: "*"
    authorization: keep
    lenient: [semicolon]
    routes:
      - {path: /x, deny: true}
      - {path: /y, public: true}
      - {path: /y*, deny: true}
"""


def again(settings: Settings, text: str) -> Settings:
    """The settings that this text gives at the same place."""
    return read(text.encode(), path=settings.source, env={})


def without_lines(settings: Settings) -> Settings:
    """The settings, but not where in the file they were written."""
    return replace(settings, routes=tuple(replace(route, line=0) for route in settings.routes))


@pytest.fixture(
    params=[
        pytest.param(HERE.parents[2] / "config.example.yaml", id="the example"),
        pytest.param(EVERYTHING.replace("/y*", "/z/**"), id="every key"),
    ]
)
def settings(request: pytest.FixtureRequest) -> Settings:
    text = request.param.read_text(encoding="utf-8") if isinstance(request.param, Path) else request.param
    return read(text.encode(), path=Path("/etc/token-gateway/config.yaml"), env={})


def test_what_is_shown_loads_to_the_same(settings: Settings) -> None:
    shown = to_yaml(settings)

    assert without_lines(again(settings, shown)) == without_lines(settings)
    assert to_yaml(again(settings, shown)) == shown


def test_json_has_the_values_themselves(settings: Settings) -> None:
    shown = effective(settings)

    assert "$${" not in str(shown)
    assert len(shown["routes"]) == len(settings.routes)
    assert shown["key_file"] == "/etc/token-gateway/token-gateway.key"
