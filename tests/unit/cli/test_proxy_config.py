"""`proxy-config`: complete for the installation at hand, and what `deploy/` ships is what it prints."""

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.proxy_config import installation_of
from gateway.config import load
from gateway.core.reason import OUTSIDE
from gateway.web.check import caddy, nginx, refusal, traefik
from gateway.web.check.installation import Installation, RenderError

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "config.example.yaml"
RENDER = {"nginx": nginx.render, "traefik": traefik.render, "caddy": caddy.render}

INSTALLATION = Installation(
    check_addresses=("127.0.0.1:9191",),
    identity_headers=("X-Auth-User", "X-WEBAUTH-USER"),
    credential_headers=("Authorization", "X-API-Key"),
)


def text(proxy: str, installation: Installation) -> str:
    return "".join(RENDER[proxy](installation).values())


def but(**changes: object) -> Installation:
    fields = {name: getattr(INSTALLATION, name) for name in Installation.__dataclass_fields__}
    return Installation(**{**fields, **changes})


@pytest.mark.parametrize("proxy", RENDER)
def test_deploy_holds_what_is_printed_for_the_example_configuration(proxy: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["--config", str(EXAMPLE), "proxy-config", proxy, "--output", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = {file.name: file.read_text("utf-8") for file in tmp_path.iterdir()}
    assert written
    for name, printed in written.items():
        assert (ROOT / "deploy" / proxy / name).read_text("utf-8") == printed, (
            f"print it again: token-gateway -c config.example.yaml proxy-config {proxy} -o deploy/{proxy}"
        )


@pytest.mark.parametrize("proxy", RENDER)
def test_printing_and_json_hold_the_same_text(proxy: str) -> None:
    runner = CliRunner()
    printed = runner.invoke(app, ["--config", str(EXAMPLE), "proxy-config", proxy])
    as_json = runner.invoke(app, ["--config", str(EXAMPLE), "--json", "proxy-config", proxy])
    assert printed.exit_code == as_json.exit_code == 0
    assert "\n".join(json.loads(as_json.stdout)["files"].values()) == printed.stdout


def test_the_example_installation_is_read_whole() -> None:
    settings = load(EXAMPLE, {})
    installation = installation_of(settings)
    policy = settings.policy()
    assert set(installation.identity_headers) == set(policy.identity.header_names)
    assert {name.lower().encode() for name in installation.credential_headers} == policy.credential_headers
    assert installation.strips_cookies == policy.strips_cookies
    assert installation.preflight is True
    assert installation.check_addresses == ("127.0.0.1:9191",)


@pytest.mark.parametrize("proxy", RENDER)
@pytest.mark.parametrize("name", ["X-Auth-User", "X-WEBAUTH-USER", "Authorization", "X-API-Key"])
def test_every_identity_and_credential_header_is_taken_from_the_answer_alone(proxy: str, name: str) -> None:
    files = RENDER[proxy](INSTALLATION)
    match proxy:
        case "nginx":
            variable = name.lower().replace("-", "_")
            assert f"auth_request_set $tg_{variable} $upstream_http_{variable};" in files["server.conf"]
            assert f"\nproxy_set_header {name} $tg_{variable};" in files["location.conf"]
        case "traefik":
            middleware = yaml.safe_load(files["middleware.yaml"])["http"]["middlewares"]["token-gateway"]
            assert name in middleware["forwardAuth"]["authResponseHeaders"]
        case "caddy":
            copied = files["token-gateway.caddy"].split("copy_headers {")[1].split("}")[0].split()
            assert name in copied


@pytest.mark.parametrize("proxy", RENDER)
def test_cookies_and_preflights_are_handed_in_only_where_a_route_needs_them(proxy: str) -> None:
    plain, cookies, preflight = (
        text(proxy, one) for one in (INSTALLATION, but(strips_cookies=True), but(preflight=True))
    )
    if proxy == "caddy":
        assert "header_up -Cookie" in plain
        assert "header_up -Cookie" not in cookies
        assert "\t\t\tCookie\n" in cookies
    else:
        assert "Cookie" not in plain
        assert cookies.count("Cookie") >= 2
        assert "Origin" not in plain.replace("X-Original", "")
        assert "Access-Control-Request-Method" in preflight


@pytest.mark.parametrize("proxy", ["nginx", "caddy"])
def test_a_unix_socket_is_dialled(proxy: str) -> None:
    printed = text(proxy, but(check_addresses=("unix:/run/token-gateway/check.sock", "127.0.0.1:9191")))
    assert {"nginx": "server unix:/run/", "caddy": "forward_auth unix//run/"}[proxy] in printed
    assert "127.0.0.1:9191" not in printed


def test_traefik_dials_the_tcp_listener_and_says_so_when_there_is_none() -> None:
    both = but(check_addresses=("unix:/run/check.sock", "127.0.0.1:9193"))
    assert "http://127.0.0.1:9193/check/traefik" in text("traefik", both)
    with pytest.raises(RenderError, match="cannot ask over a unix socket: add a TCP address"):
        text("traefik", but(check_addresses=("unix:/run/check.sock",)))


@pytest.mark.parametrize("proxy", RENDER)
@pytest.mark.parametrize(
    ("listens", "dialled"), [("0.0.0.0:9191", "127.0.0.1:9191"), ("[::]:9191", "[::1]:9191"), ("gw:80", "gw:80")]
)
def test_a_wildcard_is_dialled_as_loopback(proxy: str, listens: str, dialled: str) -> None:
    printed = text(proxy, but(check_addresses=(listens,)))
    assert dialled in printed
    assert listens == dialled or listens not in printed


@pytest.mark.parametrize(
    "address", ["gw", "gw:80; evil", "gw:80/x", "unix:relative", "unix:/a b", "gw:80\n", "{$X}:80"]
)
def test_an_address_that_would_mean_more_in_a_config_is_refused(address: str) -> None:
    with pytest.raises(RenderError, match="write HOST:PORT"):
        but(check_addresses=(address,))


@pytest.mark.parametrize("address", ["gw:0", "gw:65536", "[::1]:99999"])
def test_a_port_that_there_is_not_is_refused(address: str) -> None:
    with pytest.raises(RenderError, match="a port is a number from 1 to 65535"):
        but(check_addresses=(address,))


@pytest.mark.parametrize("name", ["X_Auth_User", "X.Auth", "X-Auth;", "X-Auth\r\nHost", "", "{$X}"])
def test_a_header_name_that_proxies_drop_or_confuse_is_refused(name: str) -> None:
    with pytest.raises(RenderError, match="rename it"):
        but(identity_headers=(name,))


def test_a_refusal_to_render_is_one_line_and_exit_code_2() -> None:
    done = CliRunner().invoke(app, ["--config", str(EXAMPLE), "proxy-config", "traefik", "--address", "unix:/run/x"])
    assert done.exit_code == 2
    assert done.stderr.startswith("token-gateway: Traefik cannot ask over a unix socket")
    assert done.stdout == ""


def test_header_names_that_differ_in_case_only_are_one() -> None:
    printed = text("traefik", but(identity_headers=("X-Auth-User", "x-auth-USER", "x-api-key")))
    assert printed.lower().count("- x-auth-user") == 1
    handed_on = yaml.safe_load(printed)["http"]["middlewares"]["token-gateway"]["forwardAuth"]["authResponseHeaders"]
    assert handed_on == ["Authorization", "X-API-Key", "X-Auth-User"]


def test_r04_traefik_hands_in_bodies_only_where_a_route_lists_a_form() -> None:
    def forward_auth(installation: Installation) -> dict[str, object]:
        document = yaml.safe_load(text("traefik", installation))
        return dict(document["http"]["middlewares"]["token-gateway"]["forwardAuth"])

    plain, forms = forward_auth(INSTALLATION), forward_auth(but(form_routes=("legacy",)))
    assert not {"forwardBody", "maxBodySize"} & plain.keys()
    assert (forms["forwardBody"], forms["maxBodySize"]) == (True, 65_536)
    assert forms["authRequestHeaders"] == [*plain["authRequestHeaders"], "Content-Type", "Content-Encoding"]  # type: ignore[misc]


@pytest.mark.parametrize("proxy", RENDER)
def test_r04_a_proxy_that_brings_no_bodies_is_printed_with_a_warning(proxy: str, tmp_path: Path) -> None:
    config = tmp_path / "token-gateway.yaml"
    config.write_text(
        "public_url: https://gateway.example.org\n"
        'routes: [{name: legacy, host: a.org, path: "/**", authenticated: true, credentials: "form:auth_token"}]\n'
    )
    done = CliRunner().invoke(app, ["--config", str(config), "proxy-config", proxy])
    assert done.exit_code == 0
    assert ("hands the gateway no bodies" in done.stderr and "legacy" in done.stderr) is (proxy != "traefik")


def test_the_pages_for_nginx_are_those_that_others_carry_one_for_each_code_told_outside(tmp_path: Path) -> None:
    folder = tmp_path / "refused"
    done = CliRunner().invoke(app, ["--config", str(EXAMPLE), "proxy-config", "nginx", "--pages", str(folder)])
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    settings = load(EXAMPLE, {})
    told = {(one.status, code) for one in OUTSIDE.values() for code in one[:2] if one.status != 200}
    assert {file.name for file in folder.iterdir()} == {"refused.conf", *(f"{code}.html" for _, code in told)}
    for status, code in told:
        page = refusal.page(status, code, settings.support_contact, settings.token_pages_url)
        assert (folder / f"{code}.html").read_bytes() == page
    lines = (folder / "refused.conf").read_text("utf-8")
    assert f"alias {folder}/;" in lines
    assert "internal;" in lines
    assert dict(refusal.HEADERS)[b"Content-Security-Policy"].decode("ascii") in lines


@pytest.mark.parametrize(
    ("proxy", "folder", "says"),
    [("traefik", "refused", "leave --pages out"), ("nginx", "two words", "one without such characters")],
)
def test_pages_where_they_are_of_no_use_are_refused(proxy: str, folder: str, says: str, tmp_path: Path) -> None:
    wanted = ["--config", str(EXAMPLE), "proxy-config", proxy, "--pages", str(tmp_path / folder)]
    done = CliRunner().invoke(app, wanted)
    assert done.exit_code != 0
    assert says in done.output
    assert not (tmp_path / folder).exists()


def test_an_address_that_cannot_be_dialled_is_told_in_one_line(installed) -> None:
    ran = installed.run("proxy-config", "nginx", "--address", "gw")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "token-gateway: address 'gw': write HOST:PORT, [IPV6]:PORT or unix:/PATH without spaces\n"
