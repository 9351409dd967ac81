"""Memory that the process has freed, and the allocator keeps for itself."""

import contextlib
import ctypes


def give_back() -> None:
    """Have the allocator return to the system what it does not use. Takes milliseconds, off the loop only.

    glibc keeps the largest blocks that a thread ever used: 8 MiB for each thread that hashes tokens. Elsewhere (musl)
    there is no such call, and nothing to return.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
