"""What the API's tests share."""

import pytest

from tests.installation import Installation, an_installation


@pytest.fixture
def installed(tmp_path, tmp_path_factory) -> Installation:
    """A fresh installation."""
    return an_installation(tmp_path_factory.getbasetemp() / "installed-once", tmp_path / "gateway")
