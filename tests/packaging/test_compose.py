"""The compose file: its shape by hand, since no engine is at hand, and its promise that only Traefik can ask."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.config import TcpListener, load
from tests.packaging.conftest import COMMAND, ROOT, run

FILE = ROOT / "deploy" / "compose.yaml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONFIG = ROOT / "deploy" / "compose" / "token-gateway.yaml"

# The keys that the Compose Specification knows at these places, as far as they are used, with the type of each.
TOP = {"name": str, "services": dict, "networks": dict, "volumes": dict}
SERVICE = {
    "build": dict,
    "cap_drop": list,
    "depends_on": dict,
    "image": str,
    "networks": dict,
    "ports": list,
    "read_only": bool,
    "restart": str,
    "security_opt": list,
    "tmpfs": list,
    "user": str,
    "volumes": list,
}
NETWORK = {"internal": bool, "ipam": dict}


def _fits(mapping: dict[str, Any], known: dict[str, type]) -> bool:
    return all(key in known and isinstance(value, known[key]) for key, value in mapping.items())


def test_every_key_is_one_of_the_specification() -> None:
    assert _fits(COMPOSE, TOP)
    assert all(_fits(service, SERVICE) for service in SERVICES.values())
    assert all(_fits(network, NETWORK) for network in COMPOSE["networks"].values())


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_refers_to_what_is_there(name: str) -> None:
    service = SERVICES[name]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    if "build" in service:
        context = (FILE.parent / service["build"]["context"]).resolve()
        assert (context / service["build"]["dockerfile"]).is_file()
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        assert (FILE.parent / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]


def test_only_traefik_can_reach_the_check_listener() -> None:
    assert {name for name, service in SERVICES.items() if "check" in service["networks"]} == {"traefik", "gateway"}
    assert set(SERVICES["gateway"]["networks"]) == {"check"}
    assert COMPOSE["networks"]["check"]["internal"] is True
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["traefik"]


def test_the_config_listens_and_trusts_on_the_addresses_of_the_compose_file() -> None:
    settings = load(CONFIG, {})
    subnet = ip_network(COMPOSE["networks"]["check"]["ipam"]["config"][0]["subnet"])
    gateway = ip_address(SERVICES["gateway"]["networks"]["check"]["ipv4_address"])
    traefik = ip_address(SERVICES["traefik"]["networks"]["check"]["ipv4_address"])
    assert gateway in subnet
    assert traefik in subnet
    assert settings.listen.check == (TcpListener(str(gateway), 9191),)
    assert str(settings.trusted_proxies.networks) == f"{traefik}/32"
    assert not settings.trusted_proxies.unix


def test_what_the_gateway_keeps_lies_in_the_volume() -> None:
    settings = load(CONFIG, {})
    volume = next(text.split(":")[1] for text in SERVICES["gateway"]["volumes"] if text.startswith("state:"))
    assert settings.store.url == f"sqlite:///{volume}/token-gateway.db"
    assert settings.key_file.parent == Path(volume)


def test_traefiks_part_is_the_one_that_is_printed_for_this_config(tmp_path: Path) -> None:
    run(COMMAND, "--config", CONFIG, "proxy-config", "traefik", "--output", tmp_path)
    shipped = FILE.parent / "compose" / "traefik" / "dynamic" / "token-gateway.yaml"
    assert shipped.read_text("utf-8") == (tmp_path / "middleware.yaml").read_text("utf-8")


def test_traefik_asks_at_the_entry_point_before_every_router() -> None:
    static = yaml.safe_load((FILE.parent / "compose" / "traefik" / "traefik.yaml").read_text("utf-8"))
    (entry_point,) = static["entryPoints"].values()
    assert entry_point["http"] == {"middlewares": ["token-gateway@file"], "aliasHeadersStrategy": "reject"}
    container_port = SERVICES["traefik"]["ports"][0].split(":")[1]
    assert entry_point["address"] == f":{container_port}"
