"""Connections without end, heads that never do, answers that nobody takes: holders are served meanwhile and after."""

import contextlib
import http.client
import socket
import time
from pathlib import Path

import pytest

from gateway.web import caps
from tests.faults.crowd import crowd, hang_up, head, is_open, room_for
from tests.proof.crash.gateway import until

CROWD = 8_000


def gauge(serving, name):
    """One sample."""
    body = serving.get(serving.ops, "/metrics")[2].decode()
    return next(float(line.split()[1]) for line in body.splitlines() if line.startswith(f"token_gateway_{name} "))


@pytest.fixture
def holder(serving):
    """Somebody whose proxy has its connection already, as proxies do."""
    token = serving.installation.token()
    connection = http.client.HTTPConnection("127.0.0.1", serving.check, timeout=20)

    def ask(token=token):
        facts = {"Method": "GET", "Uri": "/api/x", "Host": "app.example.org", "For": "192.0.2.7"}
        headers = {f"X-Forwarded-{name}": value for name, value in facts.items()}
        connection.request("GET", "/check/traefik", headers=headers | {"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    assert ask() == 200
    yield ask
    connection.close()


def test_of_8000_connections_those_within_the_cap_stay_the_rest_is_cut_off_and_holders_pass(serving, holder):
    cold = serving.installation.token("cold")
    with room_for(CROWD + 500), crowd(serving.check, CROWD) as opened:
        until(lambda: sum(map(is_open, opened)) < caps.MAX_CONNECTIONS, "those beyond the cap are cut off")
        assert holder() == 200
        assert holder(cold) == 200, "the store has its descriptors"
        assert gauge(serving, "check_connections_open") <= caps.MAX_CONNECTIONS
        assert serving.ready() == 200
        until(lambda: not any(map(is_open, opened)), "and who says nothing is let go")
        assert holder() == 200
    assert serving.ask(cold)[0] == 200, "new connections are taken again"


def test_heads_that_never_end_are_given_up_at_their_deadline_and_holders_pass(serving, holder):
    with crowd(serving.check, 300, first=head("x")[:-2]) as opened:
        began = time.monotonic()
        while any(map(is_open, opened)):
            assert time.monotonic() - began < caps.HEAD_DEADLINE_S + 15
            for one in opened:
                with contextlib.suppress(OSError):
                    one.send(b"X")  # byte by byte, for ever
            assert holder() == 200
            time.sleep(0.2)
    until(lambda: gauge(serving, "check_connections_open") <= 1, "nothing of them is left")
    assert serving.ask(serving.installation.token("later"))[0] == 200


def test_whoever_takes_no_answers_is_cut_off_and_fills_no_memory(serving, holder):
    asking = head(serving.installation.token("slow")) * 40
    before = resident_mb(serving)
    with crowd(serving.check, 40, receive=2048) as opened:
        began = time.monotonic()
        while any(map(not_cut_off, opened)):
            assert time.monotonic() - began < caps.WRITE_DEADLINE_S + 25
            for one in opened:
                push(one, asking)
            assert holder() == 200
            time.sleep(0.05)
    assert resident_mb(serving) - before < 40
    until(lambda: gauge(serving, "check_connections_open") <= 1, "nothing of them is left")


def test_clients_that_ask_and_hang_up_leave_no_work_and_no_use(serving, holder):
    cold = [serving.installation.token(f"c{number}") for number in range(6)]
    for _ in range(30):
        with crowd(serving.check, 6) as opened:
            for one, token in zip(opened, cold, strict=True):
                one.sendall(head(token))
                hang_up(one)
    until(lambda: gauge(serving, "hashing_queue") == 0, "no hash waits for somebody who went away")
    until(lambda: gauge(serving, "check_connections_open") <= 1, "nor any connection")
    assert holder() == 200
    assert "the lane failed" not in serving.events()


def resident_mb(serving):
    assert serving.process is not None
    status = Path(f"/proc/{serving.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def push(connection: socket.socket, data: bytes) -> None:
    """Send what goes, and read nothing."""
    try:
        connection.setblocking(False)
        connection.send(data)
    except BlockingIOError:
        return
    except OSError:
        connection.close()


def not_cut_off(connection: socket.socket) -> bool:
    return connection.fileno() >= 0
