"""A real `serve` process on loopback, in an installation of its own."""

import pytest

from tests.installation import an_installation
from tests.process.serving import Serving


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Where the installation that all others are copied from is made."""
    return tmp_path_factory.mktemp("template") / "gw"


@pytest.fixture
def installation(template, tmp_path):
    """A fresh installation; alice is its administrator."""
    return an_installation(template, tmp_path / "gw")


@pytest.fixture
def serving(installation):
    """The same, serving."""
    made = Serving(installation)
    made.start()
    yield made
    made.stop()
