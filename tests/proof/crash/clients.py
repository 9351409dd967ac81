"""Clients of the API that make, rotate and revoke tokens without a pause, and hold the gateway to what it answered."""

import http.client
import json
import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.installation import handle
from tests.proof.crash.gateway import BACK_S, HOST, Gateway
from tests.proof.crash.plan import CREATE, REVOKE, ROTATE


@dataclass(slots=True)
class Kept:
    """A token by what was said of it: the secret that must pass, and those that must not."""

    name: str
    secret: str | None
    dead: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Begun:
    """A request that was sent, and not answered yet."""

    what: str
    name: str
    kept: Kept | None
    path: str
    key: str


class Client:
    """One client, with tokens of its own."""

    def __init__(self, gateway: Gateway, admin: str, draw: random.Random) -> None:
        self._gateway, self._admin, self._draw = gateway, admin, draw
        self.kept: list[Kept] = []
        self.begun: Begun | None = None
        self.answered = 0
        self.refused: list[str] = []

    def run(self, stop: threading.Event) -> None:
        """Until it is told to, or an answer does not come."""
        while not stop.is_set():
            alive = [one for one in self.kept[-20:] if one.secret is not None]
            what = self._draw.choice((CREATE, CREATE, ROTATE, ROTATE, REVOKE)) if alive else CREATE
            kept = None if what == CREATE else self._draw.choice(alive)
            name = f"n{uuid.uuid4().hex}" if kept is None else kept.name
            self.begun = Begun(what, name, kept, self._path(what, kept), uuid.uuid4().hex)
            if not self.ask():
                return

    def ask(self) -> bool:
        """Send what was begun, also for another time, and keep what was promised. False: nobody answered."""
        begun = self.begun
        assert begun is not None
        method = "DELETE" if begun.what == REVOKE else "POST"
        body = {CREATE: {"name": begun.name, "scopes": ["rest"]}, ROTATE: {}, REVOKE: None}[begun.what]
        end = time.monotonic() + BACK_S
        try:
            status, answer = self._send(method, begun.path, body, begun.key)
            while status == 503 and time.monotonic() < end:  # `unavailable`: nothing was done, say it again
                time.sleep(0.1)
                status, answer = self._send(method, begun.path, body, begun.key)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return False
        if status not in {200, 201}:
            self.refused.append(f"{begun.what}: {status} {answer}")
            return False
        self._keep(begun, answer)
        return True

    def make(self) -> Kept:
        """One token, now."""
        name = f"n{uuid.uuid4().hex}"
        self.begun = Begun(CREATE, name, None, self._path(CREATE, None), uuid.uuid4().hex)
        assert self.ask(), self.refused
        return self.kept[-1]

    def _path(self, what: str, kept: Kept | None) -> str:
        if kept is None or kept.secret is None:
            return "/api/v1/tokens"
        rotates = "/rotate" if what == ROTATE else ""
        return f"/api/v1/tokens/{handle(kept.secret)}{rotates}?wait={self._draw.choice(('true', 'false'))}"

    def _keep(self, begun: Begun, answer: Any) -> None:
        self.begun = None
        self.answered += 1
        if begun.kept is None:
            self.kept.append(Kept(begun.name, answer["secret"]))
            return
        old = begun.kept.secret
        assert old is not None
        begun.kept.dead.append(old)
        begun.kept.secret = answer["secret"] if begun.what == ROTATE else None

    def _send(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._gateway.portal, timeout=15)
        try:
            headers = {"Host": HOST, "Authorization": f"Bearer {self._admin}", "Idempotency-Key": key}
            if body is not None:
                headers["Content-Type"] = "application/json"
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()
