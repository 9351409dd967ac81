"""What keeps a process that serves small: to be called before other imports, and before the first thread."""

import contextlib
import ctypes
import importlib
import sys
from types import ModuleType
from typing import cast

_M_ARENA_MAX = -8  # malloc.h


def keep_small() -> None:
    """Once, at the start of the process."""
    _share_one_arena()
    _import_structlog()


def _share_one_arena() -> None:
    """Have all threads allocate from one arena, where glibc has several: memory that one freed serves the others.

    What argon2 took and freed, 8 MiB for each thread, can then go back to the system (gateway.auth.memory): glibc does
    not return the end of a thread's own arena. Python's small objects come from elsewhere, so nobody waits for it.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _import_structlog() -> None:
    """Import structlog without rich, before anybody else imports it.

    It takes rich for its console colours, which our logs do not use, where it can be imported; that costs each process
    7 MB and 0.1 s (measured 2026-11-22). A module that is None cannot be imported, and structlog then goes without.
    """
    if "rich" in sys.modules:
        return
    sys.modules["rich"] = cast(ModuleType, None)
    try:
        importlib.import_module("structlog")
    finally:
        del sys.modules["rich"]
