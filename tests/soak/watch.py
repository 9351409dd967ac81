"""What the processes of a serving gateway take: resident memory and descriptors, by process, with their slope."""

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression

from bench.accounts import family, rss_mb


@dataclass
class Series:
    """One process: seconds since the start of the watch, megabytes, descriptors."""

    seconds: list[float] = field(default_factory=list)
    rss_mb: list[float] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def since(self, start_s: float) -> "Series":
        """The samples after a warm-up."""
        kept = [number for number, at in enumerate(self.seconds) if at >= start_s]
        return Series(
            [self.seconds[number] for number in kept],
            [self.rss_mb[number] for number in kept],
            [self.descriptors[number] for number in kept],
        )

    @property
    def mb_per_minute(self) -> float:
        """The slope of the memory."""
        return linear_regression(self.seconds, self.rss_mb).slope * 60

    @property
    def mb_grown(self) -> float:
        """The mean of the last quarter above that of the first."""
        quarter = max(1, len(self.rss_mb) // 4)
        return sum(self.rss_mb[-quarter:]) / quarter - sum(self.rss_mb[:quarter]) / quarter

    @property
    def descriptors_grown(self) -> int:
        """What is open at the end, when nobody asks any more, above the fewest of the first quarter."""
        return self.descriptors[-1] - min(self.descriptors[: max(1, len(self.descriptors) // 4)])


def role(pid: int) -> str:
    """What a process of the family is for."""
    words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return words[words.index("gateway.runtime.child") + 1] if "gateway.runtime.child" in words else "parent"


class Watch(threading.Thread):
    """Samples the parent and its children until `stop`; `series` by role and process id, so that a restart shows."""

    def __init__(self, pid: int, stop: threading.Event, every_s: float) -> None:
        super().__init__(name="watch", daemon=True)
        self.pid, self.stop, self.every_s = pid, stop, every_s
        self.series: dict[tuple[str, int], Series] = {}

    def run(self) -> None:
        """Until told to stop."""
        begin = time.monotonic()
        while not self.stop.wait(self.every_s):
            for pid in family(self.pid):
                try:
                    key = (role(pid), pid)
                    (memory,), count = rss_mb([pid]), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
                except OSError:
                    continue  # ended, or not yet what it will be
                series = self.series.setdefault(key, Series())
                series.seconds.append(time.monotonic() - begin)
                series.rss_mb.append(memory)
                series.descriptors.append(count)
