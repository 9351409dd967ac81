"""`init` makes a working installation, or nothing at all."""

import stat

import pytest
from typer.testing import CliRunner

from gateway.cli.desk import load_settings
from gateway.cli.main import app
from gateway.store import StoreError

FILES = {"token-gateway.yaml", "token-gateway.key", "token-gateway.db"}


def init(*words):
    return CliRunner().invoke(app, ["init", *map(str, words)])


def picture(folder):
    """Every file below a folder, with its bytes and its time."""
    return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes()) for path in folder.rglob("*")}


def test_it_makes_a_configuration_a_private_key_file_and_a_database(tmp_path):
    done = init(tmp_path / "made", "--admin", "alice")
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "made").iterdir()} >= FILES
    assert stat.S_IMODE((tmp_path / "made" / "token-gateway.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "made" / "token-gateway.db").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["made"]
    assert "token-gateway serve" in done.stderr


def test_the_first_administrator_is_in_group_admins_and_audited(installed):
    assert installed.ok("user", "show", "alice", "--json").json["groups"] == ["admins"]
    ((actor, action),) = installed.rows("SELECT actor, action FROM audit")
    assert actor.startswith("cli:")
    assert action == "user_created"


def test_the_starter_configuration_is_valid_and_listens_on_the_defaults(tmp_path):
    init(tmp_path / "made", "--admin", "alice")
    settings = load_settings(tmp_path / "made" / "token-gateway.yaml")
    assert [str(one) for one in settings.listen.check] == ["127.0.0.1:9191"]
    assert (str(settings.listen.portal), str(settings.listen.ops)) == ("127.0.0.1:9190", "127.0.0.1:9192")


def test_it_fills_a_folder_that_is_there_and_leaves_what_is_in_it(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    assert init(tmp_path, "--admin", "alice").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"notes.txt"}
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_that_is_there_stops_it_with_one_line_and_nothing_changed(tmp_path, name):
    (tmp_path / name).write_text("there", "utf-8")
    before = picture(tmp_path)
    done = init(tmp_path, "--admin", "alice")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert name in done.stderr
    assert picture(tmp_path) == before


@pytest.mark.parametrize("login", ["", "a b", "jürgen", "a\nb", "x" * 65], ids=ascii)
def test_a_login_that_breaks_the_rules_stops_it(tmp_path, login):
    done = init(tmp_path / "made", "--admin", login)
    assert done.exit_code == 2
    assert "--admin" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("exists", [True, False], ids=["into a folder", "making the folder"])
def test_what_fails_half_way_leaves_nothing_behind(tmp_path, monkeypatch, exists):
    async def broken(*_words, **_more):
        raise StoreError("the disk is full")

    folder = tmp_path / "made"
    if exists:
        folder.mkdir()
    before = picture(tmp_path).keys()
    monkeypatch.setattr("gateway.store.create", broken)
    done = init(folder, "--admin", "alice")
    assert (done.exit_code, done.stderr) == (2, "token-gateway: the disk is full\n")
    assert picture(tmp_path).keys() == before


def test_a_file_in_the_folders_place_and_a_missing_parent_are_told(tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    for place in (tmp_path / "file", tmp_path / "none" / "made"):
        done = init(place, "--admin", "alice")
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1


def test_json_names_what_was_made(tmp_path):
    done = CliRunner().invoke(app, ["--json", "init", str(tmp_path / "made"), "--admin", "alice"])
    assert f'"config": "{tmp_path}/made/token-gateway.yaml"' in done.stdout
