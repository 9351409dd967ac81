"""Both lanes of the check listener in a test's hands: over loopback, and over a pipe in memory."""

import asyncio
import contextlib
import socket

from gateway.auth.explain import Question, explain
from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.core.credential import present
from gateway.core.network import Networks
from gateway.core.route import Access
from gateway.web.check.app import CheckServer
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.door import Door
from gateway.web.check.listener import CheckListener
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.check.trust import Trust
from tests.builders import a_policy, a_route

LOOPBACK = Trust(Networks.of(["127.0.0.1/32"]), unix=True)
ROUTES = (
    a_route("/public/**", access=Access.PUBLIC, authorization="keep"),
    a_route("/keep/**", authorization="keep"),
    a_route("/bare/**", cookies="strip"),
    a_route("/browser/**", challenge=("basic",)),
    a_route("/cors/**", allow_preflight=True),
    a_route("/machine/**", credentials=("header:X-API-Key",)),
    a_route("/admin/**", access=Access.SCOPES, any_of=frozenset({"admin"})),
    a_route("/**"),
)


class Counts(list):
    """The metrics, as a list."""

    def checked(self, dialect, reason):
        self.append((dialect, reason))


LANES = ("fast", "aiohttp")


class Listener:
    """A check listener on loopback, and a raw client for it. `lane`: as in service, or the aiohttp lane by itself."""

    def __init__(self, house, trust, lane="fast"):
        self.house, self.counts, self.untrusted = house, Counts(), []
        self.usage = UsageCounter(house.store, house.faults.append)
        self.refusals = Refusals(house.store, clock=house.clock.now, fault=house.faults.append)
        settings = CheckSettings(
            policy=a_policy(*ROUTES),
            skip=Networks(()),
            realm="Test",
            support_contact="help <desk@example.org>",
            portal="https://gateway.example.org",
        )
        self.service = CheckService(
            settings,
            authenticator=house.authenticator,
            usage=self.usage,
            refusals=self.refusals,
            metrics=self.counts,
            clock=house.clock.now,
        )
        if lane == "fast":
            self.server = CheckListener(self.service, DIALECTS, trust=trust, untrusted=self.untrusted.append)
            self.door = self.server.door
        else:
            self.door = Door(trust, self.untrusted.append)
            self.server = CheckServer(self.service, DIALECTS, door=self.door)

    async def start(self):
        self.listening = await asyncio.get_running_loop().create_server(self.server, "127.0.0.1", 0)
        self.port = self.listening.sockets[0].getsockname()[1]

    async def stop(self):
        self.listening.close()
        await self.server.shutdown(1)

    async def send(self, raw, *, until_closed=False, quiet_s=0.3):
        """Write bytes; returns what comes back: one whole answer, or all until the other end closes or is quiet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(raw)
        got = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while chunk := await asyncio.wait_for(reader.read(65536), quiet_s):
                got += chunk
                if not until_closed and is_whole(got):
                    break
        writer.close()
        return got

    async def ask(self, path="/api/x", *headers, dialect="traefik", method="GET"):
        """A well-formed check; returns status, headers (lower case, list of pairs) and body."""
        facts = [
            (b"X-Forwarded-Method", method.encode()),
            (b"X-Forwarded-Uri", path.encode()),
            (b"X-Forwarded-Host", b"app.example.org"),
            (b"X-Forwarded-For", b"10.1.2.3"),
        ]
        answered = parsed(await self.send(head(f"/check/{dialect}", *facts, *headers), quiet_s=10))
        if self.door.trust(socket.AF_INET, ("127.0.0.1", 1)):
            assert await self.explained(path, headers, method) == self.counts[-1][1], "explain and the check agree"
        return answered

    async def explained(self, path, headers, method):
        """The reason that `explain` gives for the same request."""
        names = {name.lower() for name, _ in headers}
        question = Question(
            method=method.encode(),
            uri=path.encode(),
            host=b"app.example.org",
            forwarded_for=b"10.1.2.3",
            preflight={b"origin", b"access-control-request-method"} <= names,
        )
        found = await explain(
            self.service.settings.policy,
            question,
            lambda credentials: present(headers, credentials),
            skip=Networks(()),
            authenticate=self.house.authenticator.authenticate,
            load_token=self.house.store.load_token,
            now=self.house.clock.now,
        )
        return found.decision.reason


def head(target, *headers, method="GET"):
    lines = [f"{method} {target} HTTP/1.1".encode(), b"Host: gw", *(name + b": " + value for name, value in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def a_check(path):
    """A whole check in Traefik's dialect, without a credential."""
    return head(
        "/check/traefik",
        (b"X-Forwarded-Method", b"GET"),
        (b"X-Forwarded-Uri", path.encode()),
        (b"X-Forwarded-Host", b"app.example.org"),
        (b"X-Forwarded-For", b"10.1.2.3"),
    )


def is_whole(raw):
    top, end, body = raw.partition(b"\r\n\r\n")
    return bool(end) and f"content-length: {len(body)}".encode() in top.lower()


def parsed(raw):
    top, _, body = raw.partition(b"\r\n\r\n")
    status, *lines = top.split(b"\r\n")
    pairs = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
    return int(status.split()[1]), pairs, body


def values(pairs, name):
    return [value for key, value in pairs if key == name]


class Socket:
    """What the lanes ask of a socket."""

    family = socket.AF_INET

    def setsockopt(self, *_):
        pass

    getsockname = getpeername = setsockopt


class Pipe(asyncio.Transport):
    """A transport in memory: what is written is kept, what a test feeds is received."""

    def __init__(self, listener):
        super().__init__()
        self.written, self.is_closed, self.is_reading, self.has_ended = b"", False, True, False
        self.set_protocol(listener.server())
        self.get_protocol().connection_made(self)

    def get_extra_info(self, name, default=None):
        found = {"socket": Socket(), "peername": ("127.0.0.1", 4711), "sockname": ("127.0.0.1", 9191)}
        return found.get(name, default)

    def set_protocol(self, protocol):
        self._protocol = protocol

    def get_protocol(self):
        return self._protocol

    def feed(self, data):
        """Have bytes received, unless the other end has closed."""
        if not self.is_closed:
            self._protocol.data_received(data)

    def write(self, data):
        if not self.is_closed:
            self.written += bytes(data)

    def writelines(self, parts):
        self.write(b"".join(parts))

    def can_write_eof(self):
        return True

    def write_eof(self):
        self.has_ended = True

    def pause_reading(self):
        self.is_reading = False

    def resume_reading(self):
        self.is_reading = True

    def is_closing(self):
        return self.is_closed

    def close(self):
        if not self.is_closed:
            self.is_closed = self.has_ended = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    abort = close

    async def settle(self, answers=1):
        """Let the lane work until there are so many answers, or none is coming."""
        for _ in range(40):
            if self.has_ended or len(answered(self.written)) >= answers:
                break
            await asyncio.sleep(0)
        for _ in range(4):  # aiohttp closes a moment after it has answered
            await asyncio.sleep(0)
        return self.written

    async def ask(self, raw):
        """Feed a head; its answer."""
        before = len(self.written)
        self.feed(raw)
        for _ in range(400):
            if self.has_ended or is_whole(self.written[before:]):
                break
            await asyncio.sleep(0.001)
        return self.written[before:]


def answered(raw):
    """The answers in a stream of bytes; each as status, pairs without the date, body."""
    found = []
    while b"\r\n\r\n" in raw:
        status, pairs, body = parsed(raw)
        length = int(next(iter(values(pairs, b"content-length")), b"0"))
        pairs = [pair for pair in pairs if pair[0] != b"date"]
        found.append((status, pairs, body[:length]))
        raw = body[length:]
    return found
