"""A database of the first release, and a start that is killed while it brings that up."""

import asyncio
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from gateway.auth.keyring import load as load_keys
from gateway.store import create, migrate
from tests.installation import Installation
from tests.process.serving import COMMAND, Serving

TOKENS = 400
LONGEST_S = 0.15  # from the copy to the end of the migration; measured, it takes a little less
KEPT = (
    "SELECT id, login, name, email FROM owners ORDER BY id",
    "SELECT id, owner_id, name, scopes FROM tokens ORDER BY id",
    "SELECT id, token_id, hash, tag FROM secrets ORDER BY id",
)


def make_older(installation: Installation, scratch: Path) -> None:
    """Put a database of revision 0001 in the place of the installation's, with an owner and tokens in it."""
    folder = scratch / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "000[2-9]_*", "001*"))
    installation.database.unlink()
    keys = load_keys(installation.folder / "token-gateway.key").keys
    with mock.patch.object(migrate, "FOLDER", folder):
        url = f"sqlite:///{installation.database}"
        asyncio.run(create(url, brand="tg", keys=keys, now=lambda: datetime.now(UTC)))
    with contextlib.closing(sqlite3.connect(installation.database)) as database, database:
        database.execute("INSERT INTO owners VALUES ('o1', 'user', 'alice', 'alice', 'A', 'a@example.org', 1, 1, NULL)")
        database.executemany(
            "INSERT INTO tokens (id, kind, owner_id, name, scopes, created_at, created_by)"
            " VALUES (?, 'personal', 'o1', ?, 'rest', 1, 'x')",
            [(f"t{number:010}", f"name {number}") for number in range(TOKENS)],
        )
        database.executemany(
            "INSERT INTO secrets (token_id, scheme, hash, key_id, tag, created_at)"
            " VALUES (?, 'argon2id', ?, 'k', ?, 1)",
            [(f"t{number:010}", f"$argon2id${number}", os.urandom(4)) for number in range(TOKENS)],
        )


def crash(older: Installation, folder: Path, draw: random.Random) -> bool:
    """Kill a start of a copy amid the migration; the next start finds everything. Whether the kill came in time."""
    shutil.copytree(older.folder, folder)
    installation = Installation(folder)
    before = [installation.rows(statement) for statement in KEPT]
    serving = Serving(installation)
    process = serving.begin()
    while process.poll() is None and not list(folder.glob("*.before-*")):
        time.sleep(0.0005)
    time.sleep(draw.random() * LONGEST_S)
    process.kill()
    process.wait()
    ((revision,),) = installation.rows("SELECT version_num FROM alembic_version")
    assert revision in {"0001", migrate.head()}, "all of the migrations, or none"
    assert installation.rows("PRAGMA integrity_check") == [("ok",)]
    assert [installation.rows(statement) for statement in KEPT] == before
    done = subprocess.run(
        [COMMAND, "audit", "verify", "--config", str(installation.config)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert installation.rows("SELECT version_num FROM alembic_version") == [(migrate.head(),)]
    assert [installation.rows(statement) for statement in KEPT] == before
    assert installation.rows("PRAGMA foreign_key_check") == []
    shutil.rmtree(folder)
    return revision == "0001"
