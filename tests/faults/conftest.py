"""A real `serve` process whose surroundings fail. Some of that takes mounts that not every system grants."""

import os
from pathlib import Path

import pytest

from tests.faults.confined import SmallDisk, may_mount
from tests.process.serving import Serving


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where mounts are not granted, leave out what needs one; in CI nothing may be missing."""
    mine = [item for item in items if Path(__file__).parent in item.path.parents and "disk" in item.fixturenames]
    if mine and os.environ.get("CI") != "true" and not may_mount():
        config.hook.pytest_deselected(items=mine)
        items[:] = [item for item in items if item not in mine]


@pytest.fixture
def serving(installation):
    """The same, serving."""
    made = Serving(installation)
    made.start()
    yield made
    assert made.stop() == 0, made.log.read_text()


@pytest.fixture
def disk(tmp_path):
    """A small disk of one's own."""
    made = SmallDisk(tmp_path / "disk")
    yield made
    made.close()
