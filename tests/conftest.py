"""What holds for every suite: no property test is judged by how fast its examples run; sets are named in one order."""

import gc
import os
import secrets
from functools import cache

import pytest
import structlog
import typer.main
import typer.testing
from hypothesis import HealthCheck, settings

from tests.effort import examples

settings.register_profile(
    "untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=examples(100)
)
settings.load_profile("untimed")

# Processes that share the tests out between them have to call each case by the same name: the order of a set counts.
os.environ.setdefault("PYTHONHASHSEED", str(secrets.randbelow(2**32)))


# As the program logs: where an error came from, and not every value on the way there, drawn as a picture.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        structlog.processors.KeyValueRenderer(key_order=["event"]),
    ]
)

# The command is built once, and not for each case that runs it: 20 ms, hundreds of times.
typer.testing._get_command = cache(typer.main.get_command)


def pytest_make_parametrize_id(val: object) -> str | None:
    """A set by its members in order: its own order hangs on whether a process has compiled the file or read it so."""
    return "+".join(sorted(map(ascii, val))) if isinstance(val, set | frozenset) else None


def pytest_collection_finish() -> None:
    """What was collected stays to the end; the garbage collector need not walk over it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """Where the installation that all others are copied from is made."""
    return tmp_path_factory.getbasetemp() / "template"


@pytest.fixture
def installation(template, tmp_path):
    """A fresh installation that nobody serves; alice is its administrator."""
    from tests.installation import an_installation

    return an_installation(template, tmp_path / "gw")


@pytest.fixture
def installed(installation):
    """The same, by the name that tests of use cases call it."""
    return installation


def pytest_configure(config: pytest.Config) -> None:
    """A mark that several suites use."""
    config.addinivalue_line("markers", "attack(*numbers): holds against these of tests/attacks/corpus.py")
