"""The gate under attack: a check listener on loopback, and a client that sends exactly the bytes it is told to.

What every test here holds besides its own words: no answer and no log line holds a byte of what was marked secret, and
nothing failed inside.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog

from gateway.auth.refusals import Refusals
from gateway.auth.usage import UsageCounter
from gateway.core.network import Networks
from gateway.core.policy import Policy
from gateway.core.readings import LENIENCES
from gateway.core.route import Access
from gateway.web.check.dialects import DIALECTS
from gateway.web.check.service import CheckService, CheckSettings
from gateway.web.check.trust import Trust
from tests.attacks.lanes import LANES
from tests.builders import a_policy, a_route
from tests.house import House

Pair = tuple[bytes, bytes]
CANARY = b"SECRETCANARY"
QUIET_S = 0.3  # a listener that has not answered half a head by then does not answer it
PATIENCE_S = 10.0  # a whole one it answers, on a busy machine too
REST, ADMIN = frozenset({"rest"}), frozenset({"admin"})

# `/public/**` is open, `/admin/**` needs scope admin, `/api/**` takes GET with scope rest; what is not here is denied.
# `/loose/**` takes every ambiguity there is, so that ambiguous paths are weighed in all their readings.
ROUTES = (
    a_route("/public/**", access=Access.PUBLIC),
    a_route("/admin/**", access=Access.SCOPES, any_of=ADMIN),
    a_route("/api/**", access=Access.SCOPES, any_of=REST, methods=frozenset({"GET", "HEAD"})),
    a_route("/cors/**", access=Access.SCOPES, any_of=REST, methods=frozenset({"GET"}), allow_preflight=True),
    a_route("/machine/**", credentials=("bearer", "header:X-API-Key")),
    a_route("/asks/**", credentials=("bearer", "query:auth_token")),
    a_route("/inside/**", networks=Networks.of(["10.0.0.0/8"])),
    a_route("/loose/**", access=Access.PUBLIC, lenient=LENIENCES),
)
_NAMES = {
    "nginx": (b"X-Original-Method", b"X-Original-URI", b"Host", b"X-Forwarded-For"),
    "traefik": (b"X-Forwarded-Method", b"X-Forwarded-Uri", b"X-Forwarded-Host", b"X-Forwarded-For"),
}
_NAMES["caddy"] = _NAMES["traefik"]


@dataclass(frozen=True)
class Answered:
    """One answer; header names in lower case."""

    status: int
    headers: tuple[Pair, ...]
    body: bytes

    def all(self, name: str) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name.lower().encode()]

    @property
    def reason(self) -> str:
        """The code that the client reads; empty for an Allow."""
        return b",".join(self.all("x-auth-reason")).decode()


class Gate:
    """One lane's listener around a store in memory."""

    def __init__(self, house: House, lane: str, *, trust: Trust | None = None, policy: Policy | None = None) -> None:
        self.house, self.reasons, self.untrusted = house, [], []
        self.secrets: list[bytes] = [CANARY]
        self.received = bytearray()
        self.usage = UsageCounter(house.store, house.faults.append)
        self.refusals = Refusals(house.store, clock=house.clock.now, fault=house.faults.append)
        self.service = CheckService(
            settings(policy or a_policy(*ROUTES)),
            authenticator=house.authenticator,
            usage=self.usage,
            refusals=self.refusals,
            metrics=self,
            clock=house.clock.now,
        )
        self.server = LANES[lane](
            self.service, trust or Trust(Networks.of(["127.0.0.1/32"]), unix=True), self.untrusted.append
        )
        self.port = 0
        self.hung_up = False  # by the listener, in the last exchange that waited for that

    def checked(self, _dialect: str, reason: object) -> None:
        """The metrics of the service."""
        self.reasons.append(str(reason))

    def token(self, *scopes: str, **over: object) -> bytes:
        """A new token of alice, marked secret. Without scopes: rest."""
        _, presented = self.house.keep(scopes=frozenset(scopes) or REST, **over)
        self.secrets.append(presented[16:])
        return presented

    async def send(self, raw: bytes, *, until_closed: bool = False, quiet_s: float = QUIET_S) -> bytes:
        """Write bytes on a connection of their own; what comes back until it is whole, closed, or quiet."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        got, self.hung_up = b"", True
        with contextlib.suppress(ConnectionError):
            writer.write(raw)
            try:
                while chunk := await asyncio.wait_for(reader.read(65536), quiet_s):
                    got += chunk
                    if not until_closed and _is_whole(got):
                        break
            except TimeoutError:
                self.hung_up = False
        writer.close()
        self.received += got
        return got

    async def check(  # the facts, each of which some attack is about
        self,
        uri: bytes = b"/api/x",
        *headers: Pair,
        method: bytes = b"GET",
        host: bytes = b"app.example.org",
        client: bytes = b"10.1.2.3",
        dialect: str = "traefik",
        at: bytes = b"",
        without: bytes = b"",
    ) -> Answered:
        """One check. `at` is added to the check's own address; the fact of the name `without` is left out."""
        facts = [pair for pair in zip(_NAMES[dialect], (method, uri, host, client), strict=True) if pair[0] != without]
        if not any(name == b"Host" for name, _ in facts) and without != b"Host":
            facts.insert(0, (b"Host", b"gateway"))
        whole = head(b"/check/" + dialect.encode() + at, *facts, *headers)
        return parsed(await self.send(whole, quiet_s=PATIENCE_S))


def settings(policy: Policy) -> CheckSettings:
    """What a reload would set."""
    return CheckSettings(policy=policy, skip=Networks(()), realm="Test", support_contact="desk@example.org")


@contextlib.asynccontextmanager
async def opened(gate: Gate, *, faultless: bool = True) -> AsyncIterator[Gate]:
    """Listen; at the end, hold what every test holds. `faultless`: also that nothing failed inside."""
    with structlog.testing.capture_logs() as logs:
        listening = await asyncio.get_running_loop().create_server(gate.server, "127.0.0.1", 0)
        gate.port = listening.sockets[0].getsockname()[1]
        try:
            yield gate
        finally:
            listening.close()
            await gate.server.shutdown(1)
        await gate.refusals.flush(whole=True)
    written = bytes(gate.received) + json.dumps([logs, *map(repr, gate.house.store.refusals)], default=repr).encode()
    assert [secret for secret in gate.secrets if secret in written] == []
    if faultless:
        assert [line for line in logs if line["log_level"] not in {"info", "warning"}] == []
        assert "internal_error" not in gate.reasons


def bearer(token: bytes) -> Pair:
    """The header that most clients send a token in."""
    return b"Authorization", b"Bearer " + token


def head(target: bytes, *headers: Pair, method: bytes = b"GET") -> bytes:
    """The bytes of a request head."""
    return b"\r\n".join([method + b" " + target + b" HTTP/1.1", *(b"%b: %b" % pair for pair in headers)]) + b"\r\n\r\n"


def parsed(raw: bytes) -> Answered:
    """An answer; one that never came has status 0, which is no Allow."""
    top, _, body = raw.partition(b"\r\n\r\n")
    if not top:
        return Answered(0, (), b"")
    status, *lines = top.split(b"\r\n")
    pairs = tuple((name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines))
    return Answered(int(status.split()[1]), pairs, body)


def statuses(raw: bytes) -> list[int]:
    """The status of every answer in what came back."""
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] ([0-9]{3})", raw)]


def _is_whole(raw: bytes) -> bool:
    top, end, body = raw.partition(b"\r\n\r\n")
    return bool(end) and f"content-length: {len(body)}".encode() in top.lower()


EVERY_DIALECT = sorted(DIALECTS)
Opener = Callable[..., contextlib.AbstractAsyncContextManager[Gate]]
