"""CPU time for one check over loopback: a real `token-gateway serve`, asked over keep-alive connections.

    python bench/check.py

Prints microseconds of the *server's* CPU time for one answered check (all its threads, from the kernel's accounts), and
its ratio to a bare aiohttp server that answers an empty 200 to the same bytes. The load comes from this process, a few
requests at a time, bounded in number; what it costs itself is not counted.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent
CONNECTIONS, WARM_UP, CHECKS, ROUNDS = 8, 800, 4_000, 3

CONFIG = """\
listen: {{check: ["127.0.0.1:{check}"], portal: "127.0.0.1:{portal}", ops: "127.0.0.1:{ops}"}}
public_url: http://localhost
trusted_proxies: ["127.0.0.1/32"]
store: {{url: "sqlite:///token-gateway.db"}}
key_file: token-gateway.key
logs: {{level: error}}
scopes: {{rest: REST}}
identity: {{default: {{X-Auth-User: login, X-Auth-Email: email, X-Auth-Groups: groups, X-Auth-Token-Name: token_name}}}}
defaults: {{credentials: [bearer, token, basic], identity: default}}
routes:
  - {{host: app.example.org, path: "/public/**", public: true}}
  - {{host: app.example.org, path: "/api/**", scopes: rest}}
"""

BARE = """
import asyncio, socket, sys, uvloop
from aiohttp import web
async def answer(request):
    return web.Response()
async def main():
    server = web.Server(answer, access_log=None)
    await asyncio.get_running_loop().create_server(server, "127.0.0.1", int(sys.argv[1]))
    await asyncio.Event().wait()
uvloop.run(main())
"""


def head(path: str, token: str = "") -> bytes:
    """What Traefik sends for a request of its client."""
    lines = [
        "GET /check/traefik HTTP/1.1",
        "Host: 127.0.0.1:9191",
        "User-Agent: Go-http-client/1.1",
        "X-Forwarded-For: 10.1.2.3",
        "X-Forwarded-Host: app.example.org",
        "X-Forwarded-Method: GET",
        "X-Forwarded-Port: 443",
        "X-Forwarded-Proto: https",
        f"X-Forwarded-Uri: {path}",
        "Accept-Encoding: gzip",
    ]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


class Load:
    """A few keep-alive connections, each asked in turn: send on all, then read from all."""

    def __init__(self, port: int) -> None:
        self._connections = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(CONNECTIONS)]

    def ask(self, request: bytes, status: int, times: int) -> None:
        """Ask that often; every answer must have that status."""
        for _ in range(times // CONNECTIONS):
            for connection in self._connections:
                connection.sendall(request)
            for connection in self._connections:
                answer = _read(connection)
                if not answer.startswith(b"HTTP/1.1 %d " % status):
                    raise SystemExit(f"expected {status}, got {answer[:80]!r}")

    def close(self) -> None:
        """Close the connections."""
        for connection in self._connections:
            connection.close()


def _read(connection: socket.socket) -> bytes:
    got = b""
    while b"\r\n\r\n" not in got:
        more = connection.recv(65536)
        if not more:
            raise SystemExit("the server closed the connection")
        got += more
    answer, _, body = got.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return answer


def cpu_s(pid: int) -> float:
    """CPU seconds of all threads of a process, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def cpu_us(pid: int, load: Load, request: bytes, status: int) -> float:
    """Microseconds of the server's CPU time for one answer: the best round."""
    load.ask(request, status, WARM_UP)
    best = float("inf")
    for _ in range(ROUNDS):
        began = cpu_s(pid)
        load.ask(request, status, CHECKS)
        best = min(best, (cpu_s(pid) - began) / CHECKS * 1e6)
    return best


def free_port() -> int:
    """A loopback port that nobody holds at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(argv: list[str], port: int) -> Iterator[int]:
    """Run a server until the block ends; its process id."""
    process = subprocess.Popen(argv)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{argv[0]} did not start") from None
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    """Print the table."""
    rows: list[tuple[str, float]] = []
    port = free_port()
    with serving([sys.executable, "-c", BARE, str(port)], port) as pid:
        load = Load(port)
        rows.append(("a bare aiohttp server, empty 200", cpu_us(pid, load, head("/api/x"), 200)))
        load.close()
    with tempfile.TemporaryDirectory(prefix="token-gateway-bench-") as folder:
        port = free_port()
        installation = Path(folder) / "gateway"
        command = [str(BIN / "token-gateway"), "--config", str(installation / "token-gateway.yaml")]
        _quietly([command[0], "init", str(installation), "--admin", "alice"])
        text = CONFIG.format(check=port, portal=free_port(), ops=free_port())
        (installation / "token-gateway.yaml").write_text(text, "utf-8")
        token = _quietly([*command, "token", "create", "--user", "alice", "--name", "bench", "--scope", "rest"])
        with serving([*command, "serve"], port) as pid:
            load = Load(port)
            rows.append(("check, public route: 200", cpu_us(pid, load, head("/public/x"), 200)))
            rows.append(("check, known token: 200", cpu_us(pid, load, head("/api/x", token), 200)))
            rows.append(("check, no token: 401", cpu_us(pid, load, head("/api/x"), 401)))
            load.close()
    print(
        f"CPU time of the server for one check, best of {ROUNDS} rounds of {CHECKS:,} over {CONNECTIONS} connections\n"
    )
    print(f"  {'':<36} {'us':>7}  {'ratio':>6}")
    for name, took in rows:
        print(f"  {name:<36} {took:>7.1f}  {took / rows[0][1]:>6.2f}")


def _quietly(argv: list[str]) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ | {"NO_COLOR": "1"})
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
