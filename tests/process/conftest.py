"""A real `serve` process on loopback, in an installation of its own."""

import pytest

from tests.process.serving import Serving


@pytest.fixture
def serving(installation):
    """The same, serving."""
    made = Serving(installation)
    made.start()
    yield made
    made.stop()
