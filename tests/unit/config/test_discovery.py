"""Which file is the configuration: the nearest naming wins, and what was named is never replaced by another."""

from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, find
from gateway.config.discovery import PLACES, VARIABLE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gateway.config.discovery.PLACES", (PLACES[0], tmp_path / "etc/config.yaml"))
    return tmp_path


def test_what_is_named_on_the_command_line_wins_even_if_it_is_not_there(folder: Path) -> None:
    (folder / "token-gateway.yaml").touch()

    assert find(Path("other.yaml"), {VARIABLE: "third.yaml"}) == Path("other.yaml")


def test_then_what_the_environment_names(folder: Path) -> None:
    (folder / "token-gateway.yaml").touch()

    assert find(None, {VARIABLE: "third.yaml"}) == Path("third.yaml")


def test_then_this_folder_and_then_the_system(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/config.yaml").touch()
    assert find(None, {VARIABLE: ""}) == folder / "etc/config.yaml"

    (folder / "token-gateway.yaml").touch()
    assert find(None, {}) == Path("token-gateway.yaml")


@pytest.mark.usefixtures("folder")
def test_else_says_how_to_name_or_make_one() -> None:
    with pytest.raises(ConfigInvalid, match="token-gateway init DIR"):
        find(None, {})


def test_the_system_place_is_the_documented_one() -> None:
    assert [str(place) for place in PLACES] == ["token-gateway.yaml", "/etc/token-gateway/config.yaml"]
