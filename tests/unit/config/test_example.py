"""The configuration of the issue and the example that operators start from: both load, and say the same."""

import re
from pathlib import Path

import pytest

from gateway.config import Settings, load
from gateway.config.json_schema import every_key
from gateway.config.reader import read
from gateway.config.show import effective

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[2] / "config.example.yaml"
ISSUE = HERE / "issue-2.yaml"
OFF = re.compile(r"^( *)#(?=[a-z-])", re.MULTILINE)


def switched_on() -> str:
    """The example with every setting that is off turned on."""
    return OFF.sub(r"\1", EXAMPLE.read_text(encoding="utf-8"))


def said(settings: Settings) -> dict[str, object]:
    """What the settings say, apart from where their file stands."""
    return {key: value for key, value in effective(settings).items() if key not in {"store", "key_file"}}


def test_the_block_of_the_issue_loads_word_for_word() -> None:
    settings = load(ISSUE, {})

    assert [route.name for route in settings.routes] == [
        "public",
        "api-read",
        "api-write",
        "reports",
        "grafana.example.org/api/health",
        "grafana.example.org/metrics",
        "grafana.example.org/**",
        "git.example.org/**/git-receive-pack",
        "git.example.org/**",
        "dav.example.org/{login}/**",
    ]
    assert settings.store.url == f"sqlite:///{HERE}/token-gateway.db"
    assert settings.key_file == HERE / "token-gateway.key"


def test_the_example_holds_every_line_of_that_block() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()

    assert [line for line in lines if line in set(ISSUE.read_text(encoding="utf-8").splitlines())] == [
        line for line in ISSUE.read_text(encoding="utf-8").splitlines() if line
    ]


def test_the_example_says_what_the_block_says() -> None:
    assert said(load(EXAMPLE, {})) == said(load(ISSUE, {}))


def test_every_setting_that_is_off_in_the_example_can_be_turned_on() -> None:
    settings = read(switched_on().encode(), path=EXAMPLE, env={})

    assert len(settings.routes) == len(load(EXAMPLE, {}).routes) + 3
    assert settings.support_contact
    assert "wiki" in settings.identity


@pytest.mark.parametrize("key", every_key())
def test_the_example_shows_every_key(key: str) -> None:
    assert re.search(rf"\b{key.rsplit('.', 1)[-1]}\b", EXAMPLE.read_text(encoding="utf-8"))


def test_the_examples_own_lines_fit_the_page() -> None:
    own = set(EXAMPLE.read_text(encoding="utf-8").splitlines()) - set(ISSUE.read_text(encoding="utf-8").splitlines())

    assert max(map(len, own)) <= 120
