"""A stand-in for oauth2-proxy, which is not to be had here: it answers as that does, and writes down what it was sent.

With a session: 202 with X-Auth-Request-User, -Email and -Groups, and a refreshed cookie. Without: 401 at /oauth2/auth,
a redirect to the identity provider at /oauth2/start and (as with `--upstream=static://202`) everywhere else. Under
/api/authz/ it answers as Authelia does: 200 with Remote-*, or 401.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SESSION = "_oauth2_proxy=signed-in"
PROVIDER = "https://idp.example.org/authorize"


class Sso(ThreadingHTTPServer):
    """The server; `seen` holds each request's path and headers. Whoever has SESSION is `login`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.port: int = self.server_address[1]
        self.seen: list[tuple[str, list[tuple[str, str]]]] = []
        self.login, self.groups = "bob", "people"  # of whoever has SESSION; an empty one is not sent


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sso

    def do_GET(self) -> None:  # the name that http.server calls
        self.server.seen.append((self.path, self.headers.items()))
        if self.path.startswith("/api/authz/auth-request"):
            if SESSION in self.headers.get("Cookie", ""):
                self._say(200, *self._person("Remote"))
            else:
                self._say(401)
        elif SESSION in self.headers.get("Cookie", "") and not self.path.startswith("/oauth2/start"):
            self._say(202, *self._person("X-Auth-Request"), ("Set-Cookie", f"{SESSION}; Path=/; HttpOnly"))
        elif self.path.startswith("/oauth2/auth"):
            self._say(401)
        else:
            asked = self.headers.get("X-Auth-Request-Redirect") or self.headers.get("X-Forwarded-Uri", "/")
            self._say(302, ("Location", f"{PROVIDER}?state={asked}"))

    do_POST = do_GET  # noqa: N815  # as above

    def _person(self, prefix: str) -> list[tuple[str, str]]:
        email = f"{self.server.login}@example.org"
        told = (("User", self.server.login), ("Email", email), ("Groups", self.server.groups))
        return [(f"{prefix}-{name}", value) for name, value in told if value]

    def _say(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name that http.server gives it
        """Say nothing: `seen` tells it."""


@contextmanager
def sso() -> Iterator[Sso]:
    """The stand-in, in this process."""
    with Sso() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
