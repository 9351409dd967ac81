"""What two established token systems give their users (R01 to R40), shown on a real installation that serves."""

import pytest

from tests.installation import an_installation
from tests.parity.living import installed


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Where the installation that all others are copied from is made."""
    return tmp_path_factory.mktemp("template") / "gw"


@pytest.fixture
def installation(template, tmp_path):
    """A fresh installation that does not serve; alice is its administrator."""
    return an_installation(template, tmp_path / "gw")


@pytest.fixture(scope="session")
def living(template, tmp_path_factory):
    """One installation that serves, for all tests; each makes users of its own."""
    made = installed(an_installation(template, tmp_path_factory.mktemp("living") / "gw"))
    yield made
    made.stop()
