"""The command, killed while it holds the lock of a change."""

import contextlib
import random
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.installation import Installation, handle
from tests.process.serving import COMMAND
from tests.proof.crash.clients import Kept
from tests.proof.crash.gateway import Gateway
from tests.proof.crash.plan import CREATE, ROTATE

LONGEST_S = 0.015  # from the lock to the end of a change it takes a little less


@dataclass(frozen=True, slots=True)
class Killed:
    """`code` 0: it was done before it could be killed. `printed`: what it had said by then."""

    code: int
    printed: str


def killed(installation: Installation, draw: random.Random, *words: str) -> Killed:
    """Run the command, and kill it a moment after it has taken the lock of the database."""
    process = subprocess.Popen(
        [COMMAND, *words, "--config", str(installation.config)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    lock = f"{installation.database}.lock"
    while process.poll() is None and not _has_open(process.pid, lock):
        time.sleep(0.0005)
    time.sleep(draw.random() * LONGEST_S)
    process.kill()
    out, err = process.communicate(timeout=30)
    assert process.returncode in {0, -9}, err
    return Killed(process.returncode, out.decode().strip())


def crash(gateway: Gateway, what: str, draw: random.Random, kept: Kept) -> bool:
    """Kill one that makes, rotates or revokes `kept`, and see that what it did or did not do is whole. Whether the kill
    came in time.
    """
    old = kept.secret
    assert old is not None
    asked = {CREATE: ["create", "--user", "alice", "--scope", "rest", "--name", f"{kept.name}-2"]}
    words = asked.get(what, [what, handle(old)])
    done = killed(gateway.installation, draw, "token", *words, *(["--no-wait"] if what != CREATE else []))
    time.sleep(0.12)  # nobody waited for the bound
    if what == CREATE:
        _created(gateway, f"{kept.name}-2", done)
    elif what == ROTATE:
        _rotated(gateway, kept, done)
    else:
        passes = gateway.passes(old)
        assert not (passes and done.code == 0), "revoked, and it passes"
        gateway.installation.ok("token", "revoke", handle(old))
        kept.secret = None
        kept.dead.append(old)
    return done.code != 0


def _created(gateway: Gateway, name: str, done: Killed) -> None:
    rows = gateway.installation.rows(f"SELECT count(*) FROM tokens WHERE name = '{name}'")
    stored = rows == [(1,)]
    assert stored or done.code != 0, "made, and not there"
    assert done.printed or not stored, "stored, and nobody was told its secret"
    if done.printed:
        assert (gateway.passes(done.printed)) is stored


def _rotated(gateway: Gateway, kept: Kept, done: Killed) -> None:
    assert kept.secret is not None
    old_passes = gateway.passes(kept.secret)
    new_passes = bool(done.printed) and gateway.passes(done.printed)
    assert old_passes is not new_passes, f"old {old_passes}, new {new_passes}: exactly one secret has to be valid"
    assert new_passes or done.code != 0, "rotated, and the old one passes"
    if new_passes:
        kept.dead.append(kept.secret)
        kept.secret = done.printed


def _has_open(pid: int, path: str) -> bool:
    with contextlib.suppress(OSError):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(link.readlink()) == path:
                    return True
    return False
