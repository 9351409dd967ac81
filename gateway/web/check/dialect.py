"""What a dialect is: how one proxy asks (facts) and what it understands of our answer (reply, and its own config).

A dialect reads a sequence of `(name, value)` byte pairs in the order they came, and nothing else; it imports no
aiohttp, so that every lane can use it. Each fact must be there exactly once, single-valued and well-formed: a fact that
is missing or doubled is a `BadFacts`, for honest clients too, so that a proxy config that forgets one is noticed on the
first day.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gateway.core.headers import Headers, SingleHeaders

__all__ = ["Answer", "BadFacts", "Body", "Dialect", "Facts", "Headers", "single"]


class Facts(NamedTuple):
    """What the proxy says about its client's request, still as the bytes that came."""

    method: bytes
    uri: bytes
    host: bytes
    forwarded_for: bytes


@dataclass(frozen=True, slots=True)
class BadFacts:
    """A fact is missing, doubled or malformed. `detail` names the header and the fault, never the value."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A decision ready for the wire, before the dialect bends it into what its proxy can carry.

    `headers` are complete and safe (identity, challenge, `Cache-Control`, `X-Auth-Reason`); `body` is empty on 200.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""


class Body(Protocol):
    """The body of a check that announces one; each lane has its own. Read once, and only where a route asks for it."""

    async def read(self, limit: int) -> bytes | None:
        """All of it; None when it is longer than `limit` or does not come whole. May wait for as long as it takes."""
        ...


class Dialect(Protocol):
    """One proxy's way of asking. The instance is stateless and shared by all connections."""

    name: str
    carries_body: bool  # whether a refusal's body reaches the client through this proxy
    carries_form: bool  # whether a check can bring the body of the client's request; where it cannot, none is read

    def facts(self, headers: Headers) -> Facts | BadFacts:
        """Read the four facts from the headers of the check."""
        ...

    def reply(self, answer: Answer) -> Answer:
        """Bend the answer into what the proxy relays; never turns a denial into a 2xx."""
        ...


def single(headers: Headers, name: bytes) -> bytes | BadFacts:
    """The value of a header that must come exactly once and not empty; `name` in lower case."""
    if isinstance(headers, SingleHeaders):
        values = [headers.values[name]] if name in headers.values else []
    else:
        values = [value for key, value in headers if key.lower() == name]
    if len(values) != 1:
        return BadFacts(f"{name.decode()} came {len(values)} times, must come once")
    if not values[0]:
        return BadFacts(f"{name.decode()} is empty")
    return values[0]
