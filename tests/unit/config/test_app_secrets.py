"""R34: the files with an app's own credential are read with the configuration, strictly, and never shown."""

import os
from pathlib import Path

import pytest

from gateway.config import ConfigInvalid, Settings
from gateway.config.kinds import app_secrets
from gateway.config.reader import read
from gateway.config.show import effective, to_yaml

CANARY = "token 1-14-CANARY"
ROUTE = '  - {{name: rt, host: a.example.org, path: "{}", authenticated: true, authorization: {{secret_file: own}}}}\n'


def load(folder: Path, *more: str) -> Settings:
    """A configuration beside `own`, the file or folder under test."""
    routes = "".join(more) or ROUTE.format("/**")
    text = f"public_url: https://gateway.example.org\nroutes:\n{routes}"
    return read(text.encode(), path=folder / "gateway.yaml", env={})


def fault(folder: Path, *more: str) -> str:
    with pytest.raises(ConfigInvalid) as raised:
        load(folder, *more)
    said = str(raised.value)
    assert "CANARY" not in said
    return said


def put(path: Path, content: str | bytes = CANARY + "\n", mode: int = 0o640) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_file_is_one_value_for_all(tmp_path: Path, end: str) -> None:
    put(tmp_path / "own", CANARY + end)
    own = load(tmp_path).routes[0].app_secret
    assert own is not None
    assert own.of("alice") == own.of("bob") == CANARY.encode()


def test_a_folder_is_one_value_for_each_login_and_none_for_others(tmp_path: Path) -> None:
    put(tmp_path / "own" / "alice", "token a")
    put(tmp_path / "own" / "bob@example.org", "token b")
    put(tmp_path / "own" / ".swp", "\0")
    (tmp_path / "own" / "..data").mkdir()
    own = load(tmp_path).routes[0].app_secret
    assert own is not None
    assert (own.of("alice"), own.of("bob@example.org")) == (b"token a", b"token b")
    for login in ("Alice", "carol", "", ".swp", "..", "../own/alice", "own/alice", "."):
        assert own.of(login) is None


def test_a_reload_reads_anew_and_routes_of_one_load_share_what_was_read(tmp_path: Path) -> None:
    put(tmp_path / "own", "old")
    one, other = load(tmp_path, ROUTE.format("/a").replace("rt", "a"), ROUTE.format("/b").replace("rt", "b")).routes
    assert one.app_secret is other.app_secret
    put(tmp_path / "own", "new")
    again = load(tmp_path).routes[0].app_secret
    assert again is not None
    assert again.of("x") == b"new"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", "is not one line of printable ASCII", id="empty"),
        pytest.param("\n", "is not one line of printable ASCII", id="blank"),
        pytest.param(CANARY + "\nX-Admin: 1\n", "is not one line of printable ASCII", id="two-lines"),
        pytest.param(CANARY + "\n\n", "is not one line of printable ASCII", id="two-ends"),
        pytest.param(CANARY + "\r", "is not one line of printable ASCII", id="bare-cr"),
        pytest.param(CANARY + "\0", "is not one line of printable ASCII", id="nul"),
        pytest.param(CANARY + "\t", "is not one line of printable ASCII", id="tab"),
        pytest.param(" " + CANARY, "is not one line of printable ASCII", id="space-before"),
        pytest.param(CANARY + "ü", "is not one line of printable ASCII", id="beyond-ascii"),
        pytest.param(CANARY + "A" * 4096, "holds more than 4096 bytes", id="too-long"),
    ],
)
def test_a_value_that_a_header_cannot_hold_is_refused_and_not_repeated(
    tmp_path: Path, content: str, words: str
) -> None:
    put(tmp_path / "own", content)
    assert f"routes[0].authorization.secret_file: 'own' {words}" in fault(tmp_path)
    (tmp_path / "own").unlink()
    put(tmp_path / "own" / "alice", content)
    assert f"'alice' in 'own' {words}" in fault(tmp_path)


@pytest.mark.parametrize("mode", [0o644, 0o642, 0o606])
def test_what_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    put(tmp_path / "own", mode=mode)
    assert "others can read or write 'own'; chmod o-rwx it" in fault(tmp_path)
    (tmp_path / "own").unlink()
    put(tmp_path / "own" / "alice", mode=mode).parent.chmod(0o755)
    assert "others can read or write 'alice' in 'own'" in fault(tmp_path)


def test_a_folder_that_keeps_others_out_keeps_them_from_its_files(tmp_path: Path) -> None:
    put(tmp_path / "own" / "alice", mode=0o644).parent.chmod(0o750)
    assert load(tmp_path).routes[0].app_secret is not None
    (tmp_path / "own").chmod(0o752)
    assert "others can write into 'own'" in fault(tmp_path)


def test_a_folder_holds_files_of_logins_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").mkdir()
    assert "'own' holds no file" in fault(tmp_path)
    put(tmp_path / "own" / "alice~")
    assert "'own' holds 'alice~', which is no login" in fault(tmp_path)
    (tmp_path / "own" / "alice~").unlink()
    (tmp_path / "own" / "bob").mkdir()
    assert "'bob' in 'own' cannot be read: Is a directory" in fault(tmp_path)
    (tmp_path / "own" / "bob").rmdir()
    os.mkfifo(tmp_path / "own" / "bob")
    assert "'bob' in 'own' is neither a file nor a folder of files" in fault(tmp_path)
    (tmp_path / "own" / "bob").unlink()
    (tmp_path / "own" / "bob").symlink_to("nowhere")
    assert "'bob' in 'own' does not exist" in fault(tmp_path)
    (tmp_path / "own" / "bob").unlink()
    put(tmp_path / "own" / "a")
    put(tmp_path / "own" / "b")
    monkeypatch.setattr(app_secrets, "MAX_FILES", 1)
    assert "'own' holds more than 1 files" in fault(tmp_path)


def test_only_routes_that_know_who_asks_have_it(tmp_path: Path) -> None:
    put(tmp_path / "own")
    public = '  - {host: b.example.org, path: "/**", public: true, authorization: {secret_file: own}}\n'
    assert "nobody is known whom the app could trust" in fault(tmp_path, public)
    group = """\
  - host: a.example.org
    authorization: {secret_file: own}
    routes:
      - {path: /public, public: true}
      - {path: /closed, deny: true}
      - {path: /kept, authenticated: true, authorization: keep}
      - {path: "/**", authenticated: true}
"""
    open_to_all, closed, kept, own = load(tmp_path, group).routes
    assert [route.app_secret for route in (open_to_all, closed, kept)] == [None] * 3
    assert (open_to_all.authorization, kept.authorization, own.authorization) == ("strip", "keep", "strip")
    assert own.app_secret is not None


def test_it_is_shown_by_its_place_and_never_by_its_value(tmp_path: Path) -> None:
    put(tmp_path / "own")
    settings = load(tmp_path)
    assert effective(settings)["routes"][0]["authorization"] == {"secret_file": str(tmp_path / "own")}
    again = read(to_yaml(settings).encode(), path=settings.source, env={})
    assert again.routes[0].app_secret == settings.routes[0].app_secret
    for text in (
        to_yaml(settings),
        repr(settings),
        repr(settings.routes[0].app_secret),
        str(settings.policy().table.routes),
    ):
        assert "CANARY" not in text
