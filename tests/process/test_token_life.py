"""The life of a token over processes that are killed: always a secret, and no count lost beyond an interval."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.installation import an_installation, handle
from tests.process.serving import Serving

ROOT = Path(__file__).parents[2]
KILLED_ROTATION = """
import os, signal, sys
from gateway.cli.main import app
from gateway.store import Change
from gateway.store.sqlite import WriteTurn

def die():
    os.kill(os.getpid(), signal.SIGKILL)

write, end = Change.write, WriteTurn.end

async def written(self):
    if "{moment}" == "before the rows": die()
    await write(self)
    if "{moment}" == "before the commit": die()

async def ended(self, *, commit):
    await end(self, commit=commit)
    if commit and "{moment}" == "after the commit": die()

Change.write, WriteTurn.end = written, ended
app(["token", "rotate", *sys.argv[1:]])
"""
FAST_USAGE = """
import sys
from pathlib import Path
from gateway.auth import usage
from gateway.runtime.serve import main
usage.INTERVAL_S = 0.2
sys.exit(main(Path(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def shared(template, tmp_path_factory):
    """One gateway for all who rotate a token of their own."""
    made = Serving(an_installation(template, tmp_path_factory.mktemp("shared") / "gw"))
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("more", [(), ("--grace", "1h"), ("--until-used",)], ids=["no-grace", "grace", "until-used"])
@pytest.mark.parametrize("moment", ["before the rows", "before the commit", "after the commit"])
def test_a_rotation_that_is_killed_leaves_the_old_or_the_new_secret_valid(shared, moment, more):
    """PARITY R20: never none."""
    old = shared.installation.token(f"{moment} {more}")
    words = [handle(old), *more, "--config", str(shared.installation.config)]
    program = KILLED_ROTATION.replace("{moment}", moment)
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(done.stdout.split()) == 1, "the new token is printed before it is stored"
    time.sleep(0.11)
    its = f"FROM secrets WHERE token_id = '{handle(old).partition('_')[2]}'"
    ((first,),) = shared.installation.rows(f"SELECT min(id) {its}")
    was_rotated = moment == "after the commit"
    ((live, current),) = shared.installation.rows(f"SELECT count(*), max(id) {its} AND ends_at IS NULL")
    assert live == 1
    assert (current > first) is was_rotated
    assert (shared.ask(old)[0] == 200) is (not was_rotated or bool(more))
    assert shared.installation.ok("token", "rotate", handle(old)).out.startswith(handle(old))


def test_the_first_use_of_a_new_secret_ends_the_old_one_over_processes(serving):
    """PARITY R20, and the promise of `--until-used` through the real listener."""
    old = serving.installation.token()
    new = serving.installation.ok("token", "rotate", handle(old), "--until-used").out.strip()
    assert serving.ask(old)[0] == 200
    assert serving.ask(new)[0] == 200
    assert serving.ask(old)[0] == 401
    assert serving.ask(new)[0] == 200


def used(installation):
    """What is written down of the uses."""
    return installation.rows("SELECT total FROM usage")[0][0]


def test_a_kill_loses_at_most_the_uses_since_the_last_write(installation):
    """PARITY R23: the interval is shortened here, to a fifth of a second."""
    serving = Serving(installation)
    token = installation.token()
    with serving.log.open("ab") as log:
        words = [sys.executable, "-c", FAST_USAGE, str(installation.config)]
        serving.process = subprocess.Popen(words, stdout=log, stderr=log, cwd=ROOT)
    for _ in range(400):
        if serving.ready() == 200:
            break
        time.sleep(0.05)
    for _ in range(5):
        assert serving.ask(token)[0] == 200
    for _ in range(100):
        if used(installation) == 5:
            break
        time.sleep(0.05)
    assert used(installation) == 5
    for _ in range(3):
        assert serving.ask(token)[0] == 200
    serving.stop(signal.SIGKILL)
    assert 5 <= used(installation) <= 8


def test_uses_of_checks_that_run_while_it_stops_are_counted(serving):
    """PARITY R23: exact after a graceful stop, also for a connection that goes on asking until it is closed."""
    token = serving.installation.token()
    allowed = 0
    for number in range(200):
        if number == 20:
            serving.process.send_signal(signal.SIGTERM)
        try:
            allowed += serving.ask(token)[0] == 200
        except OSError:
            break
    assert serving.stop() == 0
    assert allowed >= 20
    assert used(serving.installation) == allowed
