"""`make audit`: asks pip-audit for known holes in what the lock has. Exit 0: none known. 1: some. 3: nobody could say.

Its data come from the package index's own JSON. An index that does not have them answers with *not found* for every
package, and pip-audit then exits with 0: that is no pass, and is told apart here.
"""

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from supply.lock import LOCKS, read_lock

CLEAN, HOLES, UNKNOWN = 0, 1, 3
PATIENCE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of it. `holes`: package, version, id, versions that mend it. `skipped`: packages nobody knew."""

    asked: int
    holes: tuple[tuple[str, str, str, str], ...]
    skipped: tuple[str, ...]

    @property
    def code(self) -> int:
        """What to exit with: one package that nobody knew is no pass."""
        if self.holes:
            return HOLES
        return UNKNOWN if self.skipped or not self.asked else CLEAN


def read(report: str) -> Found:
    """What pip-audit's JSON says. ValueError: it says nothing."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise ValueError("pip-audit gave no report") from None
    holes = [
        (one["name"], one["version"], hole["id"], ", ".join(hole["fix_versions"]) or "none yet")
        for one in packages
        for hole in one.get("vulns", ())
    ]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    return Found(asked=len(packages), holes=tuple(holes), skipped=tuple(skipped))


def told(found: Found) -> str:
    """For people."""
    if found.holes:
        return "\n".join(f"{name} {version}: {hole}; mended in: {mend}" for name, version, hole, mend in found.holes)
    if found.code == UNKNOWN:
        return (
            f"NOT AUDITED: of {found.asked} packages, {len(found.skipped)} are unknown to the index that was asked. "
            "It does not have the data of known holes; ask again where it can be had."
        )
    return f"no hole is known in {found.asked} packages"


def audit(lock: Path) -> Found:
    """Ask about every package of a lock. ValueError with what pip-audit said instead."""
    words = [str(Path(sys.executable).with_name("pip-audit")), "--require-hashes", "--disable-pip", "-r", str(lock)]
    words += ["--progress-spinner", "off", "--format", "json", "--timeout", "15"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603  # fixed words
    except subprocess.TimeoutExpired:
        raise ValueError(f"pip-audit did not end in {PATIENCE_S} s") from None
    found = read(done.stdout)
    if found.asked < len(read_lock(lock)) * 0.9:  # packages of other platforms are left out
        raise ValueError(f"pip-audit looked at {found.asked} packages only")
    return found


def main() -> int:
    """Audit what runs. `--where-possible`: no data is no failure, only said; a hole still is one."""
    parser = argparse.ArgumentParser(description="Look for known holes in what the lock of the runtime has.")
    parser.add_argument("--where-possible", action="store_true", help="exit 0 where the data cannot be had")
    where_possible = parser.parse_args().where_possible
    try:
        found = audit(LOCKS / "runtime.txt")
        code, words = found.code, told(found)
    except ValueError as error:
        code, words = UNKNOWN, f"NOT AUDITED: {error}"
    sys.stdout.write(f"audit of lock/runtime.txt: {words}\n")
    return CLEAN if code == UNKNOWN and where_possible else code


if __name__ == "__main__":
    sys.exit(main())
