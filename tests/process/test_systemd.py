"""Under a service manager: it is told how we stand, and may hand over the sockets. Played by the test."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.process.serving import COMMAND, Serving

WORKERS = pytest.mark.parametrize("words", [(), ("--workers", "1")], ids=["one process", "workers"])


class Manager:
    """The datagram socket that systemd listens on."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(20)

    def hear(self, wanted):
        """The next datagram with the line; those before it are passed over."""
        while True:
            lines = self.socket.recv(4096).decode().splitlines()
            if wanted in lines:
                return lines


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path, monkeypatch):
    path = str(tmp_path / "notify") if request.param == "file" else f"\0test-notify-{os.getpid()}-{time.monotonic_ns()}"
    made = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", path.replace("\0", "@"))
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    yield made
    made.socket.close()


@WORKERS
def test_the_manager_hears_of_start_reload_watchdog_and_end(manager, installation, words):
    serving = Serving(installation, *words)
    process = serving.begin()
    try:
        assert f"MAINPID={process.pid}" in manager.hear("READY=1")
        assert serving.ask(installation.token())[0] == 200, "ready means that checks are answered"
        for _ in range(3):
            manager.hear("WATCHDOG=1")
        before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        process.send_signal(signal.SIGHUP)
        (told,) = [line for line in manager.hear("RELOADING=1") if line.startswith("MONOTONIC_USEC=")]
        assert before <= int(told.partition("=")[2]) <= time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        manager.hear("READY=1")
    finally:
        assert serving.stop() == 0
    manager.hear("STOPPING=1")


def test_a_refused_reload_ends_for_the_manager_too(manager, installation):
    serving = Serving(installation)
    serving.begin()
    try:
        manager.hear("READY=1")
        serving.write("  - {name: left, host: [}\n")
        serving.process.send_signal(signal.SIGHUP)
        manager.hear("RELOADING=1")
        manager.hear("READY=1")
    finally:
        assert serving.stop() == 0


def with_sockets(serving, sockets, names):
    """Start it as systemd would: descriptors from 3 on, and who they are for."""
    program = (
        "import os, sys\n"
        "given = [int(n) for n in sys.argv[1].split(',')]\n"
        "safe = [os.dup(n) for n in given]\n"
        "safe = [os.dup2(n, 100 + at) for at, n in enumerate(safe)]\n"
        "for at, n in enumerate(safe): os.dup2(n, 3 + at)\n"
        "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(safe)), LISTEN_FDNAMES=sys.argv[2])\n"
        "os.closerange(3 + len(safe), 200)\n"
        "os.execv(sys.argv[3], sys.argv[3:])\n"
    )
    numbers = [one.fileno() for one in sockets]
    command = [COMMAND, "serve", *serving.words, "--config", str(serving.installation.config)]
    with serving.log.open("ab") as log:
        serving.process = subprocess.Popen(
            [sys.executable, "-c", program, ",".join(map(str, numbers)), ":".join(names), *command],
            pass_fds=numbers,
            stdout=log,
            stderr=log,
        )
    return serving.process


@WORKERS
def test_sockets_that_are_handed_over_are_listened_on_in_place_of_the_configured_ones(installation, words):
    serving = Serving(installation, *words)
    token, configured = installation.token(), serving.check
    given = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    serving.check, serving.portal, serving.ops = (one.getsockname()[1] for one in given)
    process = with_sockets(serving, given, ["check", "portal", "ops"])
    for one in given[1:]:
        one.close()
    try:
        assert serving.ask(token)[0] == 200, "also a check that came before it was there"
        assert serving.get(serving.portal, "/api/v1/token", {"Host": "gateway.example.org"})[0] == 401
        assert serving.ready() == 200
        with pytest.raises(ConnectionRefusedError):
            serving.get(configured, "/check/traefik")
    finally:
        assert serving.stop() == 0, serving.log.read_text()
    waiting = socket.create_connection(given[0].getsockname())
    waiting.close()
    given[0].close()
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["unknown", "http", ""])
def test_a_socket_that_is_for_no_listener_stops_the_start(installation, name):
    serving = Serving(installation)
    with socket.create_server(("127.0.0.1", 0)) as given:
        process = with_sockets(serving, [given], [name])
        assert process.wait(20) == 2
    assert "FileDescriptorName=check, portal or ops" in serving.log.read_text()


def test_a_datagram_socket_stops_the_start(installation):
    serving = Serving(installation)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as given:
        given.bind(("127.0.0.1", 0))
        process = with_sockets(serving, [given], ["check"])
        assert process.wait(20) == 2
    assert "of the wrong kind" in serving.log.read_text()
