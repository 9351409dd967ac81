"""What the tests of the pages share."""

from tests.unit.web.api.conftest import installed

__all__ = ["installed"]
