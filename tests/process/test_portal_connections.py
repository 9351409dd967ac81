"""Whoever only holds connections of the portal keeps nobody out; whoever asks is let finish."""

import contextlib
import socket

import pytest

from gateway.web.quiet import MAX_CONNECTIONS
from tests.installation import an_installation
from tests.process.serving import Serving

HOST = "gateway.example.org"
ASKED = f"GET /api/v1/session HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


@pytest.fixture
def serving(template, tmp_path):
    made = Serving(an_installation(template, tmp_path / "gw"))
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("first", [b"", ASKED], ids=["silent", "asked once"])
def test_connections_that_ask_nothing_make_room(serving, first):
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS + 20):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", serving.portal), timeout=10))
            if first:
                one.sendall(first)
                assert one.recv(4096).startswith(b"HTTP/1.1 401")
        for _ in range(3):
            assert serving.get(serving.portal, "/api/v1/session", {"Host": HOST})[0] == 401


def test_a_request_under_way_is_not_cut_off_for_others(serving):
    head = (
        f"POST /api/v1/session HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://{HOST}\r\nContent-Type: application/json\r\n"
    )
    body = b'{"login": "nobody", "password": "not the one at all"}'
    with contextlib.ExitStack() as stack:
        slow = stack.enter_context(socket.create_connection(("127.0.0.1", serving.portal), timeout=10))
        slow.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:10])
        for _ in range(MAX_CONNECTIONS + 20):
            stack.enter_context(socket.create_connection(("127.0.0.1", serving.portal), timeout=10))
        slow.sendall(body[10:])
        assert slow.recv(4096).startswith(b"HTTP/1.1 403")
