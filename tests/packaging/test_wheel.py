"""The wheel works where nothing else is: a bare environment with the hashed runtime lock."""

import signal
import socket
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import pytest

from gateway import __version__
from tests.packaging.conftest import ROOT, run

MOST_RESIDENT_KIB = 110 * 1024  # an idle process; the promise of the issue that this release closes


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("gateway/")}
    there = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "gateway").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert inside == there


def test_the_command_works_in_a_bare_environment(installed: Path, tmp_path: Path) -> None:
    command = installed / "token-gateway"
    assert run(command, "version", cwd=tmp_path).strip() == __version__
    run(command, "init", tmp_path / "gateway", "--admin", "alice", cwd=tmp_path)
    config = tmp_path / "gateway" / "token-gateway.yaml"
    run(command, "--config", config, "config", "check", cwd=tmp_path)
    assert "alice" in run(command, "--config", config, "user", "list", "--json", cwd=tmp_path)


@pytest.fixture
def serving(installed: Path, tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """An idle `serve` of the installed wheel, ready."""
    config = tmp_path / "gateway" / "token-gateway.yaml"
    run(installed / "token-gateway", "init", tmp_path / "gateway", "--admin", "alice", cwd=tmp_path)
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    text = config.read_text("utf-8")
    for usual, free in zip((9190, 9191, 9192), ports, strict=True):
        assert f":{usual}" in text
        text = text.replace(f":{usual}", f":{free}")
    config.write_text(text, "utf-8")
    process = subprocess.Popen([installed / "token-gateway", "--config", config, "serve"], cwd=tmp_path)
    try:
        deadline = time.monotonic() + 20
        while not _is_ready(ports[2]):
            assert process.poll() is None, f"serve ended with {process.returncode}"
            assert time.monotonic() < deadline, "serve was not ready in time"
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_an_idle_gateway_is_small_and_leaves_when_asked(serving: "subprocess.Popen[bytes]") -> None:
    status = Path(f"/proc/{serving.pid}/status").read_text("ascii")
    resident_kib = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))
    assert resident_kib < MOST_RESIDENT_KIB
    serving.send_signal(signal.SIGTERM)
    assert serving.wait(10) == 0


def _is_ready(port: int) -> bool:
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}/health/ready", timeout=1) as got:
            return bool(got.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False
