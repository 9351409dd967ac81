"""What unit tests share."""

import pytest

from gateway.auth.keyring import add_key, load
from tests.house import House


@pytest.fixture
def house(tmp_path):
    """An authenticator around a store in memory."""
    add_key(tmp_path / "key")
    made = House(load(tmp_path / "key"))
    yield made
    made.pool.close()
