"""The proxies' pages show the shipped files word for word, name every file that is printed, and break no link."""

import re
from pathlib import Path

import pytest

from gateway.cli.proxy_config import installation_of
from gateway.config import load
from gateway.web.check import caddy, nginx, traefik

ROOT = Path(__file__).parents[2]
SHOWN = {"nginx": ["site.conf"], "traefik": ["traefik.yaml"], "caddy": ["Caddyfile"]}
RENDER = {"nginx": nginx.render, "traefik": traefik.render, "caddy": caddy.render}


def page(proxy: str) -> str:
    return (ROOT / "docs" / f"{proxy}.md").read_text("utf-8")


def without_head(text: str) -> str:
    """The shipped file without the comment at its top."""
    lines = text.splitlines()
    while lines and lines[0].startswith("#"):
        lines.pop(0)
    return "\n".join(lines).strip()


@pytest.mark.parametrize(("proxy", "name"), [(proxy, name) for proxy, names in SHOWN.items() for name in names])
def test_the_page_shows_the_shipped_example(proxy: str, name: str) -> None:
    assert without_head((ROOT / "deploy" / proxy / name).read_text("utf-8")) in page(proxy)
    assert f"deploy/{proxy}/{name}" in page(proxy)


@pytest.mark.parametrize("proxy", RENDER)
def test_the_page_names_every_printed_file(proxy: str) -> None:
    for name in RENDER[proxy](installation_of(load(ROOT / "config.example.yaml", {}))):
        assert f"/{name}" in page(proxy)


@pytest.mark.parametrize("proxy", RENDER)
def test_every_link_leads_somewhere(proxy: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page(proxy)):
        assert (ROOT / "docs" / target).exists()
    for shipped in re.findall(r"`(deploy/[^`]+)`", page(proxy)):
        assert (ROOT / shipped).exists()
