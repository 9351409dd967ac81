"""`${NAME}` and `${file:...}` are put in after parsing, so that whatever they hold stays one value."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import ConfigInvalid
from gateway.config.fault import Fault
from gateway.config.reader import read
from gateway.config.substitute import MAX_FILE_BYTES, escape, expand


def contact(written: str, folder: Path, **env: str) -> str:
    """The support contact that this value of the configuration gives."""
    raw = f"public_url: https://gateway.example.org\nroutes: []\nsupport_contact: {written}\n"
    return read(raw.encode(), path=folder / "gateway.yaml", env=env).support_contact


def refusal(written: str, folder: Path, **env: str) -> str:
    """The one error that this value gives."""
    with pytest.raises(ConfigInvalid) as raised:
        contact(written, folder, **env)
    (error,) = raised.value.errors
    return str(error)


def test_a_name_of_the_environment(tmp_path: Path) -> None:
    assert contact("help desk, phone ${PHONE}", tmp_path, PHONE="4711") == "help desk, phone 4711"


@pytest.mark.parametrize("value", ["a: {b", "[1, 2", "x #y", "'", '"', "&a *a", "yes", "0777", "${PHONE}", "$${x}"])
def test_what_is_put_in_stays_data(tmp_path: Path, value: str) -> None:
    assert contact("${PHONE}", tmp_path, PHONE=value) == value


def test_what_is_put_in_is_text_and_never_true(tmp_path: Path) -> None:
    raw = 'public_url: https://gateway.example.org\nroutes:\n  - {host: app.example.org, path: /x, public: "${OPEN}"}\n'
    with pytest.raises(ConfigInvalid, match="write true"):
        read(raw.encode(), path=tmp_path / "gateway.yaml", env={"OPEN": "true"})


def test_a_line_break_from_outside_is_refused_where_one_line_is_meant(tmp_path: Path) -> None:
    assert "is not one line" in refusal("${PHONE}", tmp_path, PHONE="a\nb")


def test_a_dollar_twice_is_the_characters_themselves(tmp_path: Path) -> None:
    assert contact("$${PHONE} costs 3$", tmp_path) == "${PHONE} costs 3$"


@pytest.mark.parametrize(
    ("content", "value"), [(b"4711\n", "4711"), (b"4711\r\n", "4711"), (b"47\n11", None), (b"", "")]
)
def test_a_file_without_its_last_line_end(tmp_path: Path, content: bytes, value: str | None) -> None:
    (tmp_path / "phone").write_bytes(content)

    if value is None:
        assert "is not one line" in refusal('"${file:phone}"', tmp_path)
    else:
        assert contact('"${file:phone}"', tmp_path) == value
        assert contact(f'"${{file:{tmp_path}/phone}}"', tmp_path) == value


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param(b"caf\xe9", "is not UTF-8", id="Latin-1"),
        pytest.param(b"a\0b", "holds a NUL", id="NUL"),
        pytest.param(b"a" * (MAX_FILE_BYTES + 1), "larger than 64 kB", id="too large"),
    ],
)
def test_a_file_that_holds_no_text_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "phone").write_bytes(content)

    said = refusal('"${file:phone}"', tmp_path)

    assert what in said
    assert "phone" in said


def test_neither_folders_nor_devices_nor_what_is_not_there_are_read(tmp_path: Path) -> None:
    for place in (tmp_path, Path("/dev/zero"), tmp_path / "gone", tmp_path / ("x" * 300)):
        said = refusal(f'"${{file:{place}}}"', tmp_path)
        assert "does not exist or is not a regular file" in said or "cannot be read" in said


def test_bytes_of_the_environment_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert "PHONE is not UTF-8" in refusal("${PHONE}", tmp_path, PHONE="a\udcff")


@given(st.text(), st.text())
def test_escape_is_the_inverse_of_expand(before: str, value: str) -> None:
    assert expand(escape(before), env={}, folder=Path()) == before


@given(st.text().filter(lambda text: not text.endswith("$")), st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_what_is_put_in_is_put_in_whole_and_once(before: str, value: str) -> None:
    assert expand(escape(before) + "${X}", env={"X": value}, folder=Path()) == before + value


@given(st.text(alphabet="${}ABfile:/$ ") | st.text())
def test_any_text_expands_or_is_a_fault(text: str) -> None:
    with contextlib.suppress(Fault):
        assert isinstance(expand(text, env={"A": "a"}, folder=Path("/nowhere")), str)
