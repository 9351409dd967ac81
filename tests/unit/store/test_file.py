"""Whose file it is, asked without leaving a trace."""

import os
import sqlite3
from contextlib import closing

import pytest

from gateway.store import DatabaseForeign, DatabaseMissing, Store, StoreError
from gateway.store.file import APPLICATION_ID, identify, path_of, put_in_place
from tests.builders import NOW


def snapshot(folder):
    """Every file with its content and time of change."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir() if file.is_file()}


def foreign(path, mode="delete", mark=0):
    """A database of another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA journal_mode={mode}")
        connection.execute(f"PRAGMA application_id={mark}")
        connection.execute("CREATE TABLE t (a)")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b""), "another program"),
        (lambda path: path.write_bytes(b"not a database at all\n" * 500), "not a SQLite database"),
        (lambda path: path.write_bytes(os.urandom(65536)), "not a SQLite database"),
        (foreign, "another program"),
        (lambda path: foreign(path, "wal"), "another program"),
        (lambda path: foreign(path, mark=7), "another program"),
        (lambda path: foreign(path, mark=APPLICATION_ID), "not a complete"),
        (lambda path: path.mkdir(), "not a file"),
    ],
    ids=["empty", "text", "noise", "foreign", "foreign in wal mode", "foreign mark", "our mark alone", "folder"],
)
async def test_what_is_not_ours_is_refused_and_left_as_it_is(tmp_path, make, words):
    path = tmp_path / "x.db"
    make(path)
    before = snapshot(tmp_path)
    with pytest.raises(DatabaseForeign, match=words):
        await Store.open(f"sqlite:///{path}", now=lambda: NOW)
    assert snapshot(tmp_path) == before


async def test_a_file_that_lost_its_meta_row_is_not_complete(backend):
    backend.sql("DELETE FROM meta")
    with pytest.raises(DatabaseForeign, match="not a complete"):
        await backend.open()


async def test_a_damaged_file_is_a_store_error(backend):
    content = bytearray(backend.path.read_bytes())
    content[4096 : 4096 * 8] = b"\xff" * (4096 * 7)
    backend.path.write_bytes(content)
    with pytest.raises(StoreError):
        await backend.open()


def test_a_missing_file_is_not_made(tmp_path):
    with pytest.raises(DatabaseMissing):
        identify(tmp_path / "x.db", busy_s=0)
    assert list(tmp_path.iterdir()) == []


def test_two_names_of_one_file_are_one_path_and_so_one_lock(tmp_path):
    (tmp_path / "real.db").touch()
    (tmp_path / "link.db").symlink_to("real.db")
    assert path_of(f"sqlite:///{tmp_path}/link.db") == path_of(f"sqlite:///{tmp_path}/real.db")


async def test_a_name_with_every_awkward_character_works(backend):
    awkward = backend.folder / "a b%20ü&=+'\".db"
    backend.path.rename(awkward)
    backend.url = f"sqlite:///{awkward}"
    store = await backend.open()
    follower = store.follow()
    assert follower.poll() is None
    follower.close()
    assert (await store.load_meta()).brand == "tg"


@pytest.mark.parametrize("has_links", [True, False], ids=["hard links", "no hard links"])
def test_a_finished_file_gets_its_name_and_never_that_of_another(tmp_path, monkeypatch, has_links):
    def refuse(*_):
        raise PermissionError(1, "no hard links here")

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    finished, taken, free = tmp_path / "finished", tmp_path / "taken", tmp_path / "free"
    finished.write_text("new")
    taken.write_text("old")
    with pytest.raises(FileExistsError):
        put_in_place(finished, taken)
    assert taken.read_text() == "old"
    put_in_place(finished, free)
    assert (free.read_text(), finished.exists()) == ("new", False)
