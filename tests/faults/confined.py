"""Processes in surroundings of their own: a disk that is really full, and files that root may not write either."""

import http.client
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.installation import Installation
from tests.process.serving import COMMAND, Serving

_OWN_MOUNTS = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
# As root, modes bind nobody; without these two capabilities they bind root as they do the gateway's own user.
AS_OTHERS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all", "--"] if os.geteuid() == 0 else []
)


@cache
def may_mount() -> bool:
    """Whether this system grants a mount that nobody else sees."""
    return subprocess.run([*_OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/tmp"], capture_output=True).returncode == 0


class SmallDisk:
    """A disk of 4 MB at `place`, that only processes begun with `words` before them see; it goes when they are gone."""

    def __init__(self, place: Path, size: str = "4m") -> None:
        place.mkdir()
        self.place = place
        script = f"mount -t tmpfs -o size={size} none {place} && echo mounted && exec sleep infinity"
        self._holder = subprocess.Popen([*_OWN_MOUNTS, "sh", "-c", script], stdout=subprocess.PIPE)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"mounted\n"
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        self.words = ["nsenter", *user, f"--target={self._holder.pid}", "--mount", "--"]

    def run(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run something that sees the disk."""
        return subprocess.run([*self.words, *words], input=stdin, capture_output=True, text=True, timeout=60)

    def take(self, source: Path) -> None:
        """Put a copy of a folder's content on it."""
        assert self.run("cp", "-a", f"{source}/.", str(self.place)).returncode == 0

    def fill(self) -> None:
        """Leave not one byte."""
        self.run("dd", "if=/dev/zero", f"of={self.place}/ballast", "bs=4096")
        assert "No space left" in self.run("dd", "if=/dev/zero", f"of={self.place}/more", "bs=4096", "count=1").stderr

    def free(self) -> None:
        """Take the ballast away."""
        assert self.run("rm", "-f", f"{self.place}/ballast", f"{self.place}/more").returncode == 0

    def close(self) -> None:
        """End what holds it."""
        self._holder.kill()
        self._holder.communicate()


class Confined(Serving):
    """`serve` begun with some words before it. Its log stays outside."""

    def __init__(self, installation: Installation, before: list[str], log: Path, *words: str) -> None:
        self._before = before
        super().__init__(installation, *words)
        self.log = log

    def write(self, more: str = "", *, without: str = "\0") -> None:
        """Write the configuration where the process will read it."""
        lines = [line for line in self.base().splitlines() if without not in line]
        self.within("tee", str(self.installation.config), stdin="\n".join(lines) + "\n" + more)

    def begin(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            words = [COMMAND, "serve", *self.words, "--config", str(self.installation.config)]
            self.process = subprocess.Popen([*self._before, *words], stdout=log, stderr=log)
        return self.process

    def within(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run something in the same surroundings."""
        return subprocess.run([*self._before, *words], input=stdin, capture_output=True, text=True, timeout=60)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`token-gateway`, in the same surroundings."""
        return self.within(COMMAND, *words, "--config", str(self.installation.config))

    def rows(self, statement: str) -> Any:
        """What is in the database."""
        read = "sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()"
        program = f"import json, sqlite3, sys; print(json.dumps({read}))"
        done = self.within(sys.executable, "-c", program, str(self.installation.database), statement)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def end_by_api(serving: Serving, token: str) -> int:
    """A token ends itself at the portal (RFC 7009); the status."""
    connection = http.client.HTTPConnection("127.0.0.1", serving.portal, timeout=20)
    try:
        headers = {"Host": "gateway.example.org", "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/api/v1/token/revoke", urlencode({"token": token}), headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
