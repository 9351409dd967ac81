"""The gate, once for each lane."""

import pytest

from gateway.auth.keyring import add_key, load
from tests.attacks.gate import Gate, opened
from tests.attacks.lanes import LANES
from tests.house import House
from tests.installation import an_installation
from tests.process.serving import Serving


@pytest.fixture(scope="session")
def keyring(tmp_path_factory):
    """One key for all."""
    folder = tmp_path_factory.mktemp("keys")
    add_key(folder / "key")
    return load(folder / "key")


@pytest.fixture
def house(keyring):
    """An authenticator around a store in memory."""
    made = House(keyring)
    yield made
    made.pool.close()


@pytest.fixture(params=LANES)
def lane(request):
    """The name of a lane."""
    return request.param


@pytest.fixture
async def gate(house, lane):
    """A listener with the policy of `gate.ROUTES`."""
    async with opened(Gate(house, lane)) as made:
        yield made


@pytest.fixture(scope="module")
def serving(template, tmp_path_factory):
    """A process that serves, for all tests of a file."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("serving") / "gw"))
    made.start()
    yield made
    made.stop()
