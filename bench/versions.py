"""What was measured with: versions, and nothing of the machine but its kernel and how many cores it has."""

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version

from bench.servers import BIN, nginx_binary


def versions() -> tuple[tuple[str, str], ...]:
    """Names and versions, in the order in which a reader wants them."""
    packages = ("token-gateway", "aiohttp", "httptools", "uvloop")
    return (
        *((name, version(name)) for name in packages),
        ("Python", platform.python_version()),
        ("nginx", _said_by([str(nginx_binary()), "-v"])),
        ("Traefik", _said_by([str(BIN / "traefik"), "version"])),
        ("Linux", re.match(r"[0-9.]+", platform.release())[0]),  # type: ignore[index]  # a release begins with a number
        ("on", f"{os.cpu_count()} cores, {platform.machine()}"),
    )


def _said_by(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    if found is None:
        sys.exit(f"{argv[0]} does not tell its version")
    return found[0]
