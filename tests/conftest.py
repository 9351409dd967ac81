"""What holds for every suite: no property test is judged by how fast its examples run; sets are named in one order."""

import os
import secrets

import pytest
from hypothesis import HealthCheck, settings

from tests.effort import examples

settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("untimed")

# Processes that share the tests out between them have to call each case by the same name: the order of a set counts.
os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))


def pytest_configure(config: pytest.Config) -> None:
    """A mark that several suites use."""
    config.addinivalue_line("markers", "attack(*numbers): holds against these of tests/attacks/corpus.py")
