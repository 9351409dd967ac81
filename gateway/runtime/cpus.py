"""How many check workers `--workers auto` means: the CPUs that this process may use."""

import math
import os
from pathlib import Path


def usable(cgroup: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> int:
    """CPUs of the affinity mask, or fewer where a control group limits the time; at least one."""
    allowed = len(os.sched_getaffinity(0))
    limits = [limit for limit in map(_quota, _folders(cgroup, own)) if limit]
    return max(1, min(allowed, *(math.ceil(limit) for limit in limits)) if limits else allowed)


def _folders(root: Path, own: Path) -> list[Path]:
    """The group of this process and those above it, for both versions of control groups."""
    try:
        lines = own.read_text("ascii").splitlines()
    except (OSError, ValueError):
        return [root]
    folders = [root, root / "cpu"]
    for line in lines:
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        base = root if number == "0" else root / "cpu"
        if number != "0" and "cpu" not in controllers.split(","):
            continue
        here = base / path.lstrip("/")
        folders += [here, *[above for above in here.parents if above.is_relative_to(base)]]
    return folders


def _quota(folder: Path) -> float | None:
    """CPUs' worth of time that the group may use; None without a limit."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text("ascii").split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text("ascii")
            period = (folder / "cpu.cfs_period_us").read_text("ascii")
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
