"""What many tests begin with is settled once: the same steps on the same installation leave the same one behind.

The files that they left, and what they said, are kept for a moment and put into the next test's folder.
"""

import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

from tests.installation import Installation

T = TypeVar("T")
S = TypeVar("S")
Opened = Callable[[Installation], contextlib.AbstractAsyncContextManager[T]]
Files = dict[str, tuple[int, bytes]]

FRESH_S = 30.0  # sessions that began then are still as new: a use is written down after a minute


@dataclass(frozen=True)
class _Kept:
    files: Files
    said: Any
    at: float


_KEPT: dict[tuple[Any, str], _Kept] = {}


async def settled(installed: Installation, opened: Opened[T], steps: Callable[[T], Awaitable[S]]) -> S:
    """The installation as `steps` leave it, closed again, and what they said; they run if nobody ran them just now."""
    before = _files(installed.folder)
    key = (steps, sha256(repr(sorted(before.items())).encode()).hexdigest())
    kept = _KEPT.get(key)
    if kept is None or time.monotonic() - kept.at > FRESH_S:
        at = time.monotonic()
        async with opened(installed) as place:
            said = await steps(place)
        kept = _KEPT[key] = _Kept(_files(installed.folder), said, at)
    else:
        _put(installed.folder, kept.files)
    said_before: S = kept.said
    return said_before


def _files(folder: Path) -> Files:
    """Everything in the folder."""
    return {
        str(path.relative_to(folder)): (path.stat().st_mode & 0o777, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def _put(folder: Path, files: Files) -> None:
    """These instead of what is there."""
    for name in _files(folder).keys() - files.keys():
        (folder / name).unlink()
    for name, (mode, content) in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
        path.chmod(mode)
