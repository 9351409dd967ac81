"""What is sent: heads as Traefik asks a gateway, and requests as a client asks a proxy."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, cycle

from bench.installation import HOST

CLIENT = "10.1.2.3"
LOGIN, PASSWORD = "bench", "bench-password"  # at the proxies that check passwords themselves
PASSWORD_WAYS = ("apr1", "bcrypt")


def check(path: str, token: str, address: str = CLIENT) -> bytes:
    """What Traefik asks for a request of its client: eleven header lines."""
    return (
        "GET /check/traefik HTTP/1.1\r\n"
        "Host: 127.0.0.1:9191\r\n"
        "User-Agent: Go-http-client/1.1\r\n"
        "Accept: */*\r\n"
        f"Authorization: Bearer {token}\r\n"
        f"X-Forwarded-For: {address}\r\n"
        f"X-Forwarded-Host: {HOST}\r\n"
        "X-Forwarded-Method: GET\r\n"
        "X-Forwarded-Port: 443\r\n"
        "X-Forwarded-Proto: https\r\n"
        f"X-Forwarded-Uri: {path}\r\n"
        "Accept-Encoding: gzip\r\n"
        "\r\n"
    ).encode()


def distinct(tokens: Sequence[str]) -> Iterator[bytes]:
    """Checks of which no two are alike: another URI each, and the tokens in turn."""
    templates = cycle([check("/api/items/%d?page=2", token) for token in tokens])
    for number, template in zip(count(), templates, strict=False):
        yield template % number


def addresses() -> Iterator[str]:
    """Client addresses, each in a network of its own to any limit: 16 million before the first comes again."""
    for number in count():
        yield f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def repeated(head: bytes) -> Iterator[bytes]:
    """The same head, for ever."""
    while True:
        yield head


def prepared(made: Iterable[bytes]) -> Iterator[bytes]:
    """All of them, made before the first is sent, again and again."""
    return cycle(tuple(made))


def request(authorization: str | None) -> Iterator[bytes]:
    """Requests of a client to a proxy, another URI each."""
    credential = "" if authorization is None else f"Authorization: {authorization}\r\n"
    template = (
        "GET /api/items/%d?page=2 HTTP/1.1\r\n"
        f"Host: {HOST}\r\n"
        "User-Agent: curl/7.88.1\r\n"
        "Accept: */*\r\n"
        f"{credential}"
        "\r\n"
    ).encode()
    for number in count():
        yield template % number


def authorization(way: str, token: str) -> str | None:
    """What a client sends where a proxy is guarded that way."""
    if way == "open":
        return None
    if way in PASSWORD_WAYS:
        return "Basic " + b64encode(f"{LOGIN}:{PASSWORD}".encode()).decode()
    return f"Bearer {token}"
