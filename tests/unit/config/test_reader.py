"""What a configuration means: defaults, groups of routes, compiled routes, and the policy."""

import json
import pickle
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, Settings, TcpListener, UnixListener, load
from gateway.config.reader import read
from gateway.core.identity import IdentityHeader
from gateway.core.network import Networks
from gateway.core.routes import Access, Route
from gateway.core.token import Kind

HEAD = """
public_url: https://Gateway.example.org:8443/
scopes: {rest: REST, write: Write, gateway: Manage tokens}
groups: [staff, admins]
identity: {default: {X-Auth-User: login}, wiki: {X-Wiki-User: login, X-Wiki-Groups: {field: groups, only: staff}}}
"""


def settings(text: str) -> Settings:
    """Settings of a configuration that holds."""
    return read(text.encode(), path=Path("/etc/token-gateway/config.yaml"), env={})


def route(text: str) -> Route:
    """The one route that is written."""
    (found,) = settings(f"{HEAD}routes:\n  - {{host: app.example.org, path: /x, {text}}}\n").routes
    return found


def test_the_smallest_configuration_denies_everything_and_listens_on_loopback() -> None:
    found = settings("public_url: https://gateway.example.org\nroutes: []\n")

    assert found.routes == ()
    assert found.listen.check == (TcpListener("127.0.0.1", 9191),)
    assert str(found.listen.portal) == "127.0.0.1:9190"
    assert str(found.listen.ops) == "127.0.0.1:9192"
    assert ip_address("127.0.0.1") in found.trusted_proxies.networks
    assert ip_address("10.0.0.1") not in found.trusted_proxies.networks
    assert found.trusted_proxies.unix
    assert found.store.url == "sqlite:////etc/token-gateway/token-gateway.db"
    assert found.key_file == Path("/etc/token-gateway/token-gateway.key")
    assert found.tokens.personal.max_lifetime == timedelta(days=366)
    assert found.tokens.application.max_lifetime is None
    assert found.tokens.basic_users == ("x-access-token", "oauth2")
    assert found.permissions.own_tokens == ("everyone",)
    assert found.permissions.users == ()
    assert found.realm == "Token Gateway"
    assert set(found.identity) == {"default"}
    assert found.policy().table.routes == ()


def test_paths_count_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gateway.yaml").write_text(
        "public_url: https://gateway.example.org\nroutes: []\nkey_file: keys/k\n"
        "store: {url: 'sqlite:///data/db'}\nlisten: {check: unix:run/s}\n"
    )
    monkeypatch.chdir(tmp_path)

    found = load(Path("gateway.yaml"), {})

    assert found.key_file == tmp_path / "keys/k"
    assert found.store.url == f"sqlite:///{tmp_path}/data/db"
    (socket,) = found.listen.check
    assert isinstance(socket, UnixListener)
    assert socket.unix == tmp_path / "run/s"


def test_absolute_paths_stay() -> None:
    found = settings(f"{HEAD}routes: []\nkey_file: /var/lib/k\nstore: {{url: 'sqlite:////var/lib/db'}}\n")

    assert found.key_file == Path("/var/lib/k")
    assert found.store.url == "sqlite:////var/lib/db"


def test_of_several_public_urls_the_first_is_the_one_that_is_told() -> None:
    found = settings("public_url: [https://a.example, 'http://localhost:9190', 'http://[::1]:80']\nroutes: []\n")
    assert found.public_urls == ("https://a.example", "http://localhost:9190", "http://[::1]:80")
    assert found.public_url == "https://a.example"


def test_the_public_url_is_canonical() -> None:
    assert settings(f"{HEAD}routes: []\n").public_url == "https://gateway.example.org:8443"


def test_listeners_as_text_and_as_mapping() -> None:
    found = settings(
        f"{HEAD}routes: []\nlisten:\n  check: ['[::1]:9191', 'unix:/run/a', "
        "{unix: /run/b, mode: '0600', group: www-data}]\n"
    ).listen.check

    assert str(found[0]) == "[::1]:9191"
    assert isinstance(found[1], UnixListener)
    assert isinstance(found[2], UnixListener)
    assert (found[1].unix, found[1].mode, found[1].group) == (Path("/run/a"), 0o660, None)
    assert (found[2].unix, found[2].mode, found[2].group) == (Path("/run/b"), 0o600, "www-data")


def test_a_list_of_one_may_stand_alone() -> None:
    alone = route(
        "scopes: rest, methods: POST, groups: staff, kinds: personal, networks: 10.0.0.0/8, credentials: basic"
    )
    listed = route(
        "scopes: [rest], methods: [POST], groups: [staff], kinds: [personal], networks: [10.0.0.0/8], "
        "credentials: [basic]"
    )

    assert alone == listed
    assert alone.any_of == {"rest"}
    assert alone.networks == Networks.of(["10.0.0.0/8"])
    assert alone.kinds == {Kind.PERSONAL}


def test_get_implies_head_and_no_methods_is_every_method() -> None:
    assert route("deny: true, methods: [GET, POST]").methods == {"GET", "HEAD", "POST"}
    assert route("deny: true, methods: POST").methods == {"POST"}
    assert route("deny: true").methods is None


def test_what_a_route_asks_for() -> None:
    assert route("scopes: {all: [rest, write]}").all_of == {"rest", "write"}
    assert route("scopes: {any: [rest, write]}").any_of == {"rest", "write"}
    assert route("authenticated: true").access is Access.AUTHENTICATED
    assert route("scopes: gateway").any_of == {"gateway"}


def test_a_public_route_looks_at_no_credential_and_leaves_the_apps_own_alone() -> None:
    found = route("public: true")

    assert found.access is Access.PUBLIC
    assert found.credentials == ()
    assert found.challenge == ()
    assert found.authorization == "keep"
    assert route("public: true, authorization: strip").authorization == "strip"
    assert route("authenticated: true").authorization == "strip"


def test_a_challenge_is_compiled_only_where_a_route_says_it() -> None:
    assert route("authenticated: true").challenge == ()
    assert route("authenticated: true, challenge: [bearer, basic]").challenge == ("bearer", "basic")


def test_the_rarer_keys() -> None:
    found = route(
        "authenticated: true, groups: staff, waive_groups_for: personal, lenient: [encoded_slash, semicolon], "
        "paths: windows, cookies: strip, authorization: keep, identity: wiki, allow_preflight: true, from: '::1'"
    )

    assert found.waive_groups_for == {Kind.PERSONAL}
    assert found.lenient == {"encoded_slash", "semicolon"}
    assert found.windows
    assert (found.cookies, found.authorization, found.identity) == ("strip", "keep", "wiki")
    assert found.allow_preflight
    assert found.sources == Networks.of(["::1"])


def test_children_of_a_group_inherit_and_override_in_file_order() -> None:
    found = settings(
        f"{HEAD}routes:\n"
        "  - {name: first, host: a.example.org, path: /, deny: true}\n"
        "  - host: b.example.org\n"
        "    scopes: rest\n"
        "    groups: staff\n"
        "    identity: wiki\n"
        "    routes:\n"
        "      - {path: /1}\n"
        "      - {path: /2, scopes: write, groups: admins}\n"
        "      - {path: /3, deny: true}\n"
        "      - {path: /4, host: c.example.org, authenticated: true, identity: default}\n"
        "  - {name: last, host: d.example.org, path: /, deny: true}\n"
    ).routes

    assert [one.index for one in found] == [0, 1, 2, 3, 4, 5]
    assert [one.line for one in found] == [7, 13, 14, 15, 16, 17]
    assert [one.hosts[0][0] for one in found] == ["a", "b", "b", "b", "c", "d"]
    assert [set(one.any_of) for one in found] == [set(), {"rest"}, {"write"}, set(), set(), set()]
    assert [set(one.groups) for one in found] == [set(), {"staff"}, {"admins"}, set(), {"staff"}, set()]
    assert [one.access for one in found[3:5]] == [Access.DENY, Access.AUTHENTICATED]
    assert [one.identity for one in found] == ["default", "wiki", "wiki", "default", "default", "default"]


def test_routes_without_a_name_get_one_of_their_own() -> None:
    found = settings(
        f"{HEAD}routes:\n"
        "  - {host: a.example.org, path: /x, methods: GET, deny: true}\n"
        "  - {host: a.example.org, path: /x, methods: POST, deny: true}\n"
        "  - {host: a.example.org, path: /x, methods: PUT, deny: true, name: a.example.org/x#3}\n"
        "  - {host: a.example.org, path: /x, deny: true}\n"
    ).routes

    assert [one.name for one in found] == [
        "a.example.org/x",
        "a.example.org/x#2",
        "a.example.org/x#3",
        "a.example.org/x#4",
    ]


def test_the_policy_is_what_was_written() -> None:
    found = settings(
        f"{HEAD}routes: []\ntokens: {{brand: xy, basic_users: git}}\npermissions: {{users: [admins, staff]}}\n"
    )
    policy = found.policy()

    assert policy.brand == "xy"
    assert policy.basic_users == {"git"}
    assert policy.holds("own_tokens", ())
    assert policy.holds("users", ("staff",))
    assert not policy.holds("users", ("other",))
    assert not policy.holds("audit", ("admins",))
    assert policy.identity.sets["wiki"] == (
        IdentityHeader(name="X-Wiki-User", field="login"),
        IdentityHeader(name="X-Wiki-Groups", field="groups", only=frozenset({"staff"})),
    )


@pytest.mark.parametrize("place", ["gone.yaml", ".", "a\0b"])
def test_a_file_that_cannot_be_read_is_one_error_without_a_line(tmp_path: Path, place: str) -> None:
    with pytest.raises(ConfigInvalid) as raised:
        load(tmp_path / place, {})

    (error,) = raised.value.errors
    assert error.line == 0
    assert "cannot be read" in str(error)


def test_errors_stand_in_the_order_of_the_file() -> None:
    with pytest.raises(ConfigInvalid) as raised:
        settings("routes: [{}]\nx: 1\nlogs: {level: loud}\npublic_url: x\ngroups: [yes]\n")

    places = [(error.line, error.column) for error in raised.value.errors]
    assert places == sorted(places)
    assert {line for line, _ in places} == {1, 2, 3, 4, 5}


def test_settings_travel_between_processes() -> None:
    found = load(Path(__file__).parent / "issue-2.yaml", {})

    assert pickle.loads(pickle.dumps(found)) == found


def test_a_file_of_nothing_but_mistakes_is_told_in_full() -> None:
    text = HEAD + "routes: []\n" + "".join(f"kex{n}: 1\n" for n in range(5_000))

    with pytest.raises(ConfigInvalid) as raised:
        settings(text)

    assert len(raised.value.errors) == 5_000


def test_ten_thousand_routes_load(tmp_path: Path) -> None:
    lines = [
        json.dumps({"host": f"h{n % 100}.example.org", "path": f"/a{n}/**", "scopes": "rest"}) for n in range(10_000)
    ]

    found = settings(HEAD + "routes:\n" + "".join(f"  - {line}\n" for line in lines))

    assert len(found.policy().table.routes) == 10_000
