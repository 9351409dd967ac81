"""What the kernel knows of a process and its children: CPU time and resident memory. Linux only."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

_CPUCLOCK_SCHED = 2  # of the clock ids that the kernel makes of process ids (linux/posix-timers.h)
_MB = 1024 * 1024


def family(pid: int) -> tuple[int, ...]:
    """The process and all its descendants of this moment."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
            children.setdefault(parent, []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += children.get(one, ())
    return tuple(found)


def cpu_s(pids: Iterable[int]) -> float:
    """CPU seconds of these processes since they began, in user and in kernel, ended threads included.

    To the nanosecond, unlike the ticks of /proc/<pid>/stat.
    """
    return sum(time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED) for pid in pids) / 1e9


def machine_s() -> float:
    """CPU seconds that the whole machine has worked since it began, those included that its host gave to others."""
    user, nice, system, _, _, irq, softirq, steal = map(int, Path("/proc/stat").read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def own_s() -> float:
    """CPU seconds of this process and of all its children that have ended."""
    return sum(os.times()[:4])


def rss_mb(pids: Iterable[int]) -> tuple[float, ...]:
    """Resident memory of each, the largest first; check workers before the parent and the portal beside them."""
    sized = [(_answers_checks(pid), _mb(pid)) for pid in pids]
    return tuple(mb for _, mb in sorted(sized, reverse=True))


def _answers_checks(pid: int) -> bool:
    return b"gateway.runtime.child\0worker" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MB
