"""Making a database: private from its first byte, and whole or not there."""

import stat

import pytest

from gateway.store import StoreError, create
from tests.builders import NOW
from tests.contract.backend import KEY


async def make(path, **over):
    """As `token-gateway init` does."""
    await create(f"sqlite:///{path}", **({"brand": "tg", "keys": [KEY], "now": lambda: NOW} | over))


async def test_the_file_is_for_its_owner_alone_and_nothing_lies_beside_it(tmp_path):
    await make(tmp_path / "x.db")
    assert stat.S_IMODE((tmp_path / "x.db").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["x.db"]


async def test_what_cannot_be_finished_is_not_there(tmp_path):
    with pytest.raises(StoreError, match="in use"):
        await make(tmp_path / "x.db", keys=[KEY, KEY])
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreError, match="cannot make the database"):
        await make(tmp_path / "nowhere" / "x.db")
