"""The engines that the contract suite runs on. Another engine joins as another class here, and no test changes."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.store import Limits, Store, create
from tests.builders import NOW, a_stored_secret, a_token, an_owner

ROOT = Path(__file__).parents[2]
LIMITS = Limits(read_s=2.0, busy_s=0.1, lock_s=5.0, write_s=5.0, close_s=5.0)


@dataclass(frozen=True)
class TestKey:
    """A key as the key file would give it."""

    __test__ = False

    id: str = "k00000001"
    audit_key: bytes = b"a" * 32
    check: str = "c0ffee"


KEY = TestKey()


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.at += by


class SqliteBackend:
    """A database file in a folder of its own, made from a template that `create` made once."""

    def __init__(self, folder: Path, template: Path) -> None:
        self.folder = folder
        self.path = folder / "gateway.db"
        self.url = f"sqlite:///{self.path}"
        self.clock = Clock()
        self._stores: list[Store] = []
        shutil.copy(template, self.path)

    @staticmethod
    async def make_template(path: Path) -> None:
        """What `token-gateway init` makes."""
        await create(f"sqlite:///{path}", brand="tg", keys=[KEY], now=lambda: NOW)

    async def open(self, **over: Any) -> Store:
        """Open the store; the suite closes it."""
        store = await Store.open(self.url, **({"now": self.clock, "keys": [KEY], "limits": LIMITS} | over))
        self._stores.append(store)
        return store

    async def close(self) -> None:
        """Close everything that was opened."""
        for store in self._stores:
            await store.close()

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What an operator's own SQL would see, or do."""
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=5)) as connection:
            return connection.execute(statement, parameters).fetchall()

    def process(self, program: str) -> "subprocess.Popen[str]":
        """Start another process; `url`, `KEY`, `Store`, `Limits` and the builders are at hand in it."""
        preamble = f"""
import asyncio, os, sys, time
from datetime import UTC, datetime
from gateway.store import *
from tests.builders import *
from tests.contract.backend import KEY, LIMITS
url = {self.url!r}
def now(): return datetime.now(UTC)
async def opened(): return await Store.open(url, now=now, keys=[KEY], limits=LIMITS)
"""
        return subprocess.Popen(
            [sys.executable, "-c", preamble + program],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


BACKENDS = {"sqlite": SqliteBackend}


async def add_alice(store: Store, *, tokens: int = 1) -> list[str]:
    """A user with tokens; returns the tokens' ids."""
    owner = an_owner("alice", groups=("staff", "admins"), organisations=("acme",))
    ids = []
    async with store.change(actor="test") as change:
        await change.add_owner(owner)
        for number in range(tokens):
            token = a_token(owner, name=f"ci-{number}")
            await change.add_token(token, a_stored_secret(token))
            ids.append(token.id)
    return ids
