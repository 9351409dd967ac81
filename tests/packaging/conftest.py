"""What is handed out: wheel, image, compose file and unit, checked as far as that goes without a container engine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("token-gateway")  # of the environment that the tests run in


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without systemd-analyze the unit is not checked; `make test` lists that at its end, and CI fails."""
    if os.environ.get("CI") == "true" or shutil.which("systemd-analyze"):
        return
    left_out = [item for item in items if item.path == HERE / "test_systemd.py"]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def run(*words: str | Path, cwd: Path = ROOT) -> str:
    """Run a command to its end, without the developer's settings; its standard output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TOKEN_GATEWAY_", "PYTHON"))}
    done = subprocess.run([str(word) for word in words], cwd=cwd, env=kept, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as `make wheel` builds it."""
    into = tmp_path_factory.mktemp("dist")
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", into)
    run(sys.executable, "-m", "pip", "--quiet", "wheel", *options, ROOT)
    (built,) = into.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of a bare environment with the hashed runtime lock and the wheel, and nothing else."""
    bare = tmp_path_factory.mktemp("bare") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", bare)
    into = ("--python", bare / "bin" / "python")
    pip = (sys.executable, "-m", "pip", *into, "--quiet", "--disable-pip-version-check", "install", "--no-compile")
    run(*pip, "--only-binary", ":all:", "--require-hashes", "-r", ROOT / "lock" / "runtime.txt")
    run(*pip, "--no-deps", wheel)
    return bare / "bin"
