"""The unit is one that systemd accepts, and one that keeps the service in its place."""

import subprocess
from pathlib import Path

import pytest

from tests.packaging.conftest import COMMAND, ROOT, run

UNIT = ROOT / "deploy" / "systemd" / "token-gateway.service"
INSTALLED = "/opt/token-gateway/bin/token-gateway"  # where the README beside the unit installs to


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the command of this environment in the place of the installed one, which must exist to verify."""
    text = UNIT.read_text("utf-8")
    assert text.count(INSTALLED) == 1
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(INSTALLED, str(COMMAND)), "utf-8")
    return copy


def test_systemd_accepts_the_unit_without_a_warning(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_service_is_confined(unit: Path) -> None:
    run("systemd-analyze", "security", "--offline=true", "--threshold=16", unit)  # exposure 1.6 of 10 at the most


def test_the_user_of_the_unit_is_the_one_that_sysusers_makes() -> None:
    (line,) = [
        line
        for line in UNIT.with_suffix(".sysusers").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert f"User={line.split()[1]}\n" in UNIT.read_text("utf-8")
