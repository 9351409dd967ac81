"""The unit is one that systemd accepts, and one that keeps the service in its place."""

import re
import subprocess
from pathlib import Path

import pytest

from gateway.runtime.systemd import NAMES
from tests.packaging.conftest import COMMAND, ROOT, run

UNIT = ROOT / "deploy" / "systemd" / "token-gateway.service"
SOCKETS = sorted(UNIT.parent.glob("*.socket"))
INSTALLED = "/opt/token-gateway/bin/token-gateway"  # where the README beside the unit installs to


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the command of this environment in the place of the installed one, which must exist to verify."""
    text = UNIT.read_text("utf-8")
    assert INSTALLED in text
    for socket in SOCKETS:
        (tmp_path / socket.name).write_bytes(socket.read_bytes())
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(INSTALLED, str(COMMAND)), "utf-8")
    return copy


def test_systemd_accepts_the_unit_without_a_warning(unit: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", [socket.name for socket in SOCKETS])
def test_systemd_accepts_the_sockets_without_a_warning(unit: Path, name: str) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit.with_name(name)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_there_is_a_socket_unit_for_each_listener_under_the_name_that_serve_looks_for() -> None:
    named = [re.search(r"^FileDescriptorName=(.*)$", socket.read_text("utf-8"), re.MULTILINE) for socket in SOCKETS]
    assert {one.group(1) for one in named if one} == set(NAMES)


def test_the_service_is_confined(unit: Path) -> None:
    run("systemd-analyze", "security", "--offline=true", "--threshold=16", unit)  # exposure 1.6 of 10 at the most


def test_the_user_of_the_unit_is_the_one_that_sysusers_makes() -> None:
    (line,) = [
        line
        for line in UNIT.with_suffix(".sysusers").read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    assert f"User={line.split()[1]}\n" in UNIT.read_text("utf-8")
