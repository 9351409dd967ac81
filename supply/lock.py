"""A lock as `uv pip compile --generate-hashes` writes it: names, versions, and the hashes that may be installed."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = ROOT / "lock"
_PIN = re.compile(r"([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,._-]+\])?==([^\s;\\]+)(?: ; ([^\\]+?))?\s*(\\?)")
_HASH = re.compile(r"    --hash=(sha256:[0-9a-f]{64})(?: \\)?")


class BadLockError(Exception):
    """A line that no lock of ours has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """One package of a lock. `marker`: where it is installed at all; empty for everywhere."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def read_lock(path: Path) -> tuple[Pinned, ...]:
    """The packages of a lock, in its order. BadLockError names the line."""
    found: list[tuple[str, str, str, list[str]]] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if pin := _PIN.fullmatch(line):
            found.append((pin[1], pin[2], pin[3] or "", []))
        elif (digest := _HASH.fullmatch(line)) and found:
            found[-1][3].append(digest[1])
        else:
            raise BadLockError(f"{path.name}:{number} is no pinned package and no hash")
    return tuple(
        Pinned(name=name, version=version, marker=marker, hashes=tuple(hashes))
        for name, version, marker, hashes in found
    )
