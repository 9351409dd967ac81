"""Which file is the configuration: the nearest naming wins, and what was named is never replaced by another."""

import re
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, find
from gateway.config.discovery import PLACES, VARIABLE


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "gateway.config.discovery.PLACES", (PLACES[0], *(tmp_path / "etc" / one.name for one in PLACES[1:]))
    )
    return tmp_path


def test_what_is_named_on_the_command_line_wins_even_if_it_is_not_there(folder: Path) -> None:
    (folder / "token-gateway.yaml").touch()

    assert find(Path("other.yaml"), {VARIABLE: "third.yaml"}) == Path("other.yaml")


def test_then_what_the_environment_names(folder: Path) -> None:
    (folder / "token-gateway.yaml").touch()

    assert find(None, {VARIABLE: "third.yaml"}) == Path("third.yaml")


def test_then_this_folder_and_then_the_system(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/token-gateway.yaml").touch()
    assert find(None, {VARIABLE: ""}) == folder / "etc/token-gateway.yaml", "what init makes there"

    (folder / "etc/config.yaml").touch()
    assert find(None, {VARIABLE: ""}) == folder / "etc/config.yaml"

    (folder / "token-gateway.yaml").touch()
    assert find(None, {}) == Path("token-gateway.yaml")


def test_a_current_folder_that_may_not_be_read_holds_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/config.yaml").touch()
    exists = Path.exists

    def refused(path: Path) -> bool:
        if not path.is_absolute():
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(Path, "exists", refused)
    assert find(None, {}) == folder / "etc/config.yaml"


@pytest.mark.usefixtures("folder")
def test_else_says_how_to_name_or_make_one() -> None:
    with pytest.raises(ConfigInvalid, match="token-gateway init DIR"):
        find(None, {})


def test_the_places_are_the_documented_ones() -> None:
    page = (Path(__file__).parents[3] / "docs" / "config.md").read_text("utf-8")
    assert [str(place) for place in PLACES] == re.findall(r"`(?:\./)?(\S+\.yaml)`", page.partition("```")[0])[:3]
