"""What two established token systems give their users (R01 to R40), shown on a real installation that serves."""

import pytest

from tests.installation import an_installation
from tests.parity.living import installed


@pytest.fixture(scope="session")
def living(template, tmp_path_factory):
    """One installation that serves, for all tests; each makes users of its own."""
    made = installed(an_installation(template, tmp_path_factory.mktemp("living") / "gw"))
    yield made
    made.stop()
