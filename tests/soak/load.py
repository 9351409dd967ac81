"""The load: threads that ask as proxies and as strangers do, each with a ledger of its own, until told to stop."""

import contextlib
import http.client
import json
import os
import random
import re
import socket
import threading
import time
from base64 import b64encode
from urllib.parse import urlencode

from bench.loader import connect, is_whole
from gateway.core.token import Kind, compose, new_id, new_secret
from tests.process.serving import Serving
from tests.soak.ledger import Ledger
from tests.soak.roster import Roster

PAUSE_S = 0.002  # between requests of a thread: load, and not a benchmark
PER_CONNECTION = 200
HOST = "gateway.example.org"
HOSTILE = (
    b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /check/traefik HTTP/1.1\r\n\r\n",
    b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
    b"GET /check/traefik HTTP/3.0\r\nHost: a\r\n\r\n",
    b"\x16\x03\x01\x02\x00\r\n\r\n",
    b"GET /check/traefik HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 40_000,
)
BEGUN = b"GET /check/traefik HTTP/1.1\r\nHost: g\r\nX-Forwarded-Method: GE"

HEAD = (
    b"GET /check/traefik HTTP/1.1\r\nHost: g\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Host: app.example.org\r\n"
    b"X-Forwarded-Uri: /api/%d\r\nX-Forwarded-For: %b\r\nAuthorization: Bearer %b\r\n\r\n"
)
REASON = re.compile(rb"\r\nX-Auth-Reason: ([a-z_]+)\r\n")


def a_wrong_one(chance: random.Random, token: str) -> str:
    """Well-formed: of nobody, or with another secret for this token's id."""
    token_id = token[4:15] if chance.random() < 0.5 else new_id(os.urandom(64))
    return compose("tg", Kind.PERSONAL, token_id, new_secret(os.urandom(64))).reveal()


class Asker(threading.Thread):
    """Does its part over and over until `stop`; `ledger` is read after it has ended."""

    def __init__(self, serving: Serving, roster: Roster, stop: threading.Event, seed: int) -> None:
        super().__init__(name=f"{type(self).__name__}-{seed}", daemon=True)
        self.serving, self.roster, self.stop, self.ledger = serving, roster, stop, Ledger()
        self.chance = random.Random(seed)
        self.fault: BaseException | None = None

    def run(self) -> None:
        """Until told to stop; a fault is kept for whoever joins."""
        try:
            while not self.stop.is_set():
                self.turn()
        except BaseException as error:  # noqa: BLE001  # told by the one who waits for the thread
            self.fault = error

    def turn(self) -> None:
        """One piece of the load."""
        raise NotImplementedError

    def address(self) -> str:
        """Of some client: many networks, so that limits do not decide everything."""
        return f"198.{self.chance.randrange(18, 20)}.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"


class Proxy(Asker):
    """Asks checks over a connection that lasts a while: tokens that live, that ended, and such as nobody has."""

    def turn(self) -> None:
        """One connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.check, timeout=60)
        try:
            for _ in range(PER_CONNECTION):
                if self.stop.is_set():
                    break
                self._ask(connection)
                time.sleep(PAUSE_S)
        finally:
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> None:
        token, is_stable = self.roster.any(self.chance)
        if self.chance.random() < 0.05:
            token, is_stable = a_wrong_one(self.chance, token), False
        name = self.chance.choice(("traefik", "nginx", "caddy"))
        facts = {"Authorization": self._presented(token), "X-Forwarded-For": self.address()}
        path = f"/api/{self.chance.randrange(40)}"
        if name == "nginx":
            facts |= {"X-Original-Method": "GET", "X-Original-URI": path, "Host": "app.example.org"}
        else:
            facts |= {"X-Forwarded-Method": "GET", "X-Forwarded-Uri": path, "X-Forwarded-Host": "app.example.org"}
        connection.request("GET", f"/check/{name}", headers=facts)
        answer = connection.getresponse()
        answer.read()
        self.ledger.note(token, answer.status, answer.getheader("X-Auth-Reason") or "", is_stable=is_stable)

    def _presented(self, token: str) -> str:
        if self.chance.random() < 0.3:
            return "Basic " + b64encode(f"x-access-token:{token}".encode()).decode()
        return f"Bearer {token}"


class Filler(Asker):
    """So many heads that no cache has seen, one after another without a pause, each twice; then it is done.

    What is remembered is bounded, and memory says nothing about leaks until it is full.
    """

    def __init__(self, serving: Serving, roster: Roster, stop: threading.Event, seed: int, *, heads: int) -> None:
        super().__init__(serving, roster, stop, seed)
        self.left = heads

    def run(self) -> None:
        """Until all are asked."""
        try:
            while self.left > 0 and not self.stop.is_set():
                self.turn()
        except BaseException as error:  # noqa: BLE001  # told by the one who waits for the thread
            self.fault = error

    def turn(self) -> None:
        """One connection: the workers share them out."""
        connection = connect(self.serving.check)
        try:
            for _ in range(min(self.left, PER_CONNECTION)):
                self.left -= 1
                token = self.chance.choice(self.roster.stable)
                wrong = self.left % 3 == 0
                token = a_wrong_one(self.chance, token) if wrong else token
                head = HEAD % (self.left, self.address().encode(), token.encode())
                for _ in range(2):
                    connection.sendall(head)
                    answer = b""
                    while not is_whole(answer):
                        more = connection.recv(65536)
                        assert more, "the gateway closed the connection"
                        answer += more
                    reason = REASON.search(answer)
                    status = int(answer.split(b" ", 2)[1])
                    self.ledger.note(token, status, reason[1].decode() if reason else "", is_stable=not wrong)
        finally:
            connection.close()


class Stranger(Asker):
    """Connects and leaves, in the middle of heads too, and sends what is no head."""

    def turn(self) -> None:
        """One connection."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.serving.check), 10) as raw:
            choice = self.chance.random()
            if choice < 0.2:
                self.ledger.dropped += 1
            elif choice < 0.5:
                raw.sendall(BEGUN[: self.chance.randrange(1, len(BEGUN))])
                self.ledger.dropped += 1
            else:
                raw.sendall(self.chance.choice(HOSTILE))
                answer = raw.recv(65536)
                assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")), answer[:80]
                self.ledger.malformed += 1
        time.sleep(PAUSE_S * 5)


class Person(Asker):
    """Signs in, looks around, signs out; lets tokens say what they are; sends the API nonsense."""

    def turn(self) -> None:
        """One visit."""
        origin = {"Origin": f"https://{HOST}", "Content-Type": "application/json"}
        login = json.dumps({"login": "alice", "password": self.roster.password})
        status, cookie = self._ask("POST", "/api/v1/session", login, origin)
        if status == 201:
            mine = origin | {"Cookie": cookie.partition(";")[0]}
            for path in ("/api/v1/me", "/api/v1/me/sessions", "/api/v1/nothing", "/api/v1/me?x=1"):
                self._ask("GET", path, None, mine)
            self._ask("DELETE", "/api/v1/session", None, mine)
        self._ask("POST", "/api/v1/session", self.chance.choice(('{"login":', "[" * 500, '{"login": 1}')), origin)
        token, _ = self.roster.any(self.chance)
        status, _ = self._ask("GET", "/api/v1/token", None, {"Authorization": f"Bearer {token}"})
        self.ledger.refused_at_portal += status in {401, 403}
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _ = self._ask("POST", "/api/v1/token/revoke", urlencode({"token": token[:-1]}), form)
        self.ledger.refused_at_portal += status == 200  # what is no token is answered alike, and in the audit
        time.sleep(0.2)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.serving.portal, timeout=60)
        try:
            connection.request(method, path, body, {"Host": HOST, "X-Forwarded-For": self.address(), **headers})
            answer = connection.getresponse()
            answer.read()
            self.ledger.api[answer.status] += 1
            return answer.status, answer.getheader("Set-Cookie") or ""
        finally:
            connection.close()
