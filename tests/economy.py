"""What a test is not about costs it little: the hash of a token's secret, and the wait until the disk confirms.

What they are worth has tests of its own: tests/unit/auth/test_hashing.py, tests/unit/store, tests/faults.
"""

import pytest
from argon2 import PasswordHasher, Type

from gateway.auth import hashing
from gateway.store import sqlite
from gateway.store.file import WRITER_PRAGMAS

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
DURABLE, AT_ONCE = "PRAGMA synchronous=FULL", "PRAGMA synchronous=OFF"


@pytest.fixture(autouse=True)
def no_waits_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of this process is as durable as the test needs it."""
    assert DURABLE in WRITER_PRAGMAS
    pragmas = tuple(AT_ONCE if pragma == DURABLE else pragma for pragma in WRITER_PRAGMAS)
    monkeypatch.setattr(sqlite, "WRITER_PRAGMAS", pragmas)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that this process makes is hashed in 0.03 ms and not in 6."""
    monkeypatch.setattr(hashing, "TOKEN_PROFILE", CHEAP)
